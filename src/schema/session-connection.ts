import { needs, needsNothingMore } from '../callers/needs.ts';
import { type Arguments, costs, costsTheSameAgain, pageOf } from '../limits/cost.ts';
import { usable } from '../luaauth/decoders.ts';
import type { Session as SessionShape } from '../luaauth/sessions.ts';
import { checkRange } from './argument.ts';
import { builder } from './builder.ts';
import { checkCursor, readCursor, writeCursor } from './cursor.ts';
import { Script } from './script.ts';
import { checksArguments } from './selection.ts';
import { Session } from './session.ts';
import { readFilter, SessionFilter } from './session-filter.ts';
import { listKey, loadSessionPage, type SessionPage } from './session-page.ts';

const PageInfo = builder.objectRef<SessionPage>('PageInfo').implement({
  extensions: needsNothingMore,
  description:
    'Where a page of a connection stands. Only forward pagination is offered: the API counts from its start.',
  shareable: true,
  fields: (t) => ({
    hasNextPage: t.boolean({
      description:
        'Whether more follows. The API gives no total: when a page may be the last one, selecting this costs one further REST call, which makes sure.',
      extensions: costsTheSameAgain,
      resolve: (page) => page.hasNextPage(),
    }),
    hasPreviousPage: t.boolean({
      description: 'Whether something stands before this page: true when `after` was given. Costs nothing.',
      resolve: ({ from }) => from > 0,
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first edge; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? cursorOf(page, 0) : null),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last edge, for the next `after`; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? cursorOf(page, page.rows.length - 1) : null),
    }),
  }),
});

const SessionEdge = builder.objectRef<{ cursor: string; node: SessionShape }>('SessionEdge').implement({
  extensions: needsNothingMore,
  description: 'A session at its place in the list.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Opaque; good for `after` on the same script with the same filter.',
    }),
    node: t.expose('node', { type: Session, description: 'The session.' }),
  }),
});

const SessionConnection = builder.objectRef<SessionPage>('SessionConnection').implement({
  extensions: needsNothingMore,
  description: "A page of a script's connected users.",
  fields: (t) => ({
    edges: t.field({
      type: [SessionEdge],
      description: 'The sessions with their cursors.',
      resolve: (page) => page.rows.map((node, index) => ({ cursor: cursorOf(page, index), node })),
    }),
    nodes: t.field({
      type: [Session],
      description: 'The sessions without their cursors.',
      resolve: ({ rows }) => rows.slice(),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'Where this page stands in the list.',
      resolve: (page) => page,
    }),
  }),
});

builder.objectField(Script, 'sessions', (t) =>
  t.field({
    type: SessionConnection,
    description:
      'Connected users, oldest position first. With a filter, only sessions that match all of it. Sessions come and go while one pages, and pages count positions: a session may be met twice or be missed by a page that moved. There is no `last` and no `before`: the API counts from the start of the list. Costs one REST call a page; see `hasNextPage`.',
    extensions: {
      ...needs('sessions:read'),
      ...costs(endpointOfPage, { items: pageOf('first', { most: 100, otherwise: 50 }) }),
      ...checksArguments(checkArguments),
    },
    args: {
      first: t.arg.int({
        defaultValue: 50,
        description:
          'How many sessions: 0 to 100; null means 50. 0 is an empty page, without a REST call unless `hasNextPage` is selected.',
      }),
      after: t.arg.string({
        description: 'A cursor of this list: the page begins behind it. Absent or null: at the start.',
      }),
      filter: t.arg({
        type: SessionFilter,
        description: 'What a session must have. Absent, null or empty: every session.',
      }),
    },
    resolve: (script, args, context) => {
      const { list, from, first } = readArguments(usable(script, 'id'), args);
      return loadSessionPage(context, list, from, first);
    },
  }),
);

interface SessionArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter?: typeof SessionFilter.$inferInput | null;
}

function readArguments(scriptId: string, { first, after, filter }: SessionArguments) {
  const list = { scriptId, match: filter ? readFilter(filter) : undefined };
  return {
    list,
    first: checkRange('first', first ?? 50, 0, 100),
    from: after == null ? 0 : readCursor('after', listKey(list), after) + 1,
  };
}

/** What can be said of arguments before the script is there: all of it if its id is known. */
function checkArguments(scriptId: string | undefined, args: SessionArguments): void {
  if (scriptId !== undefined) {
    readArguments(scriptId, args);
    return;
  }
  readArguments('', { ...args, after: undefined });
  if (args.after != null) checkCursor('after', args.after);
}

function endpointOfPage({ filter }: Arguments) {
  const narrows = Object.values(filter ?? {}).some((value) => value != null);
  return narrows ? 'GET /scripts/:script_id/sessions/filter' : 'POST /scripts/:script_id/sessions';
}

function cursorOf({ list, from }: SessionPage, index: number): string {
  return writeCursor(listKey(list), from + index);
}
