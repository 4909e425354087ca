import type { ObjectRef } from '@pothos/core';
import { inheritsScopes } from '../callers/scopes.ts';
import { costsTheSameAgain } from '../plan/cost.ts';
import type { MaybePromise } from '../state/maybe-promise.ts';
import { builder } from './builder.ts';

/** A page of a list, whatever is in it. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly hasPreviousPage: boolean;
  /** Asked only where it is selected: the list may have to be asked once more. */
  hasNextPage(): MaybePromise<boolean>;
  /** The cursor of a row of the page: made of its index, or as the API gives it. */
  cursorAt(index: number): string;
}

export const PageInfo = builder.objectRef<Page<unknown>>('PageInfo').implement({
  extensions: inheritsScopes,
  description:
    'Where a page of a connection stands. Only forward pagination is offered: the API counts from its start.',
  directives: { shareable: {} },
  fields: (t) => ({
    hasNextPage: t.boolean({
      description:
        'Whether more follows. The API gives no total: when a page may be the last one, selecting this costs one further REST call, which makes sure.',
      extensions: costsTheSameAgain,
      resolve: (page) => page.hasNextPage(),
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether something stands before this page: true when `after` was given. Costs nothing.',
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first edge; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? page.cursorAt(0) : null),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last edge, for the next `after`; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? page.cursorAt(page.rows.length - 1) : null),
    }),
  }),
});

type Types = (typeof builder)['$inferSchemaTypes'];

interface ConnectionOptions<Row> {
  /** The type of what is listed; makes the names of the connection and its edges. */
  readonly node: ObjectRef<Types, Row>;
  /** One of them in words, such as `session`. */
  readonly noun: string;
  readonly description: string;
  /** Where a cursor is good for `after`, such as `the same script`. */
  readonly cursorsHoldOn: string;
}

/** Defines `XConnection` and `XEdge` for lists of X. The field that gives one says what a page costs, and its next one. */
export function defineConnection<Row>({
  node,
  noun,
  description,
  cursorsHoldOn,
}: ConnectionOptions<Row>): ObjectRef<Types, Page<Row>> {
  const Edge = builder.objectRef<{ readonly cursor: string; readonly node: Row }>(`${node.name}Edge`);
  Edge.implement({
    extensions: inheritsScopes,
    description: `A ${noun} at its place in the list.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: `Opaque; good for \`after\` on ${cursorsHoldOn}.`,
      }),
      node: t.field({
        type: node,
        description: `The ${noun}.`,
        // Pothos does not know that a type parameter is an object type.
        resolve: ((edge: { readonly node: Row }) => edge.node) as never,
      }),
    }),
  });
  return builder.objectRef<Page<Row>>(`${node.name}Connection`).implement({
    extensions: inheritsScopes,
    description,
    fields: (t) => ({
      edges: t.field({
        type: [Edge],
        description: `The ${noun}s with their cursors.`,
        resolve: (page) => page.rows.map((row, index) => ({ cursor: page.cursorAt(index), node: row })),
      }),
      nodes: t.field({
        type: [node],
        description: `The ${noun}s without their cursors.`,
        resolve: (({ rows }: Page<Row>) => rows.slice()) as never,
      }),
      pageInfo: t.field({
        type: PageInfo,
        description: 'Where this page stands in the list.',
        resolve: (page) => page,
      }),
    }),
  });
}
