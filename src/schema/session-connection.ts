import { createHash } from 'node:crypto';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Context } from '../context.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { usable } from '../luaauth/decoders.ts';
import {
  filterSessions,
  getSessions,
  type SessionMatch,
  type Session as SessionShape,
} from '../luaauth/sessions.ts';
import { type Arguments, pageOf } from '../plan/cost.ts';
import { checkRange } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, oneByOne } from './loader.ts';
import { Script } from './script.ts';
import { readFilter, Session, SessionFilter } from './session.ts';

/** Lists the sessions that match; all sessions without `match`. */
interface SessionList {
  readonly scriptId: string;
  readonly match: SessionMatch | undefined;
}

interface Page {
  readonly list: SessionList;
  /** The index of the page's first row in the list. */
  readonly from: number;
  readonly rows: readonly SessionShape[];
  /** How many rows were received when one more than the page was asked for. Undefined if none were asked for. */
  readonly found: number | undefined;
}

const PageInfo = builder.objectRef<Page>('PageInfo').implement({
  scopes: 'inherited',
  description:
    'The position of a page in its connection. Only forward pagination exists, as the API counts positions from the start.',
  directives: { shareable: {} },
  fields: (t) => ({
    hasNextPage: t.boolean({
      description:
        'Whether more sessions follow. The API gives no total. If this may be the last page, selecting this field costs one further REST call.',
      cost: { endpoint: 'the same again' },
      resolve: (page, _args, context) => hasNextPage(page, context),
    }),
    hasPreviousPage: t.boolean({
      description:
        'Whether sessions precede this page: true when `after` was given, or `from` above 0. Costs nothing.',
      resolve: ({ from }) => from > 0,
    }),
    startCursor: t.string({
      nullable: true,
      description: 'The cursor of the first edge; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? cursorAt(page, 0) : null),
    }),
    endCursor: t.string({
      nullable: true,
      description: 'The cursor of the last edge, for the next `after`; null on an empty page.',
      resolve: (page) => (page.rows.length > 0 ? cursorAt(page, page.rows.length - 1) : null),
    }),
  }),
});

const SessionEdge = builder.objectRef<{ cursor: string; node: SessionShape }>('SessionEdge').implement({
  scopes: 'inherited',
  description: 'A session and its cursor.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'An opaque cursor for `after`, valid for the same script and filter.',
    }),
    node: t.field({ type: Session, description: 'The session.', resolve: ({ node }) => node }),
  }),
});

const SessionConnection = builder.objectRef<Page>('SessionConnection').implement({
  scopes: 'inherited',
  description: "A page of a script's connected users.",
  fields: (t) => ({
    edges: t.field({
      type: [SessionEdge],
      description: 'The sessions with their cursors.',
      resolve: (page) => page.rows.map((node, index) => ({ cursor: cursorAt(page, index), node })),
    }),
    nodes: t.field({
      type: [Session],
      description: 'The sessions without their cursors.',
      resolve: ({ rows }) => rows.slice(),
    }),
    pageInfo: t.field({
      type: PageInfo,
      description: 'The position of this page in the list.',
      resolve: (page) => page,
    }),
  }),
});

builder.objectField(Script, 'sessions', (t) =>
  t.field({
    type: SessionConnection,
    nullable: true,
    description:
      'Connected users, in the order of the API. With a filter, only sessions that match every given property. Sessions start and end between pages, and pages count positions: a session may appear twice or be missed. There is no `last` and no `before`: the API counts from the start of the list. Null, with an error here, if they cannot be read, or if `first`, `after` or `from` is invalid. Costs one REST call per page; see also `hasNextPage`.',
    scopes: ['sessions:read'],
    cost: {
      endpoint: endpointOfPage,
      items: pageOf('first', { most: 100, byDefault: 50 }),
      isOpenEnded: true,
    },
    args: {
      first: t.arg.int({
        defaultValue: 50,
        description:
          'The number of sessions: 0 to 100; null means 50. 0 gives an empty page, without a REST call unless `hasNextPage` is selected.',
      }),
      after: t.arg.string({
        description:
          'A cursor of this list; the page begins after it. Absent or null: the page begins at the start.',
      }),
      from: t.arg.int({
        description:
          "The position in the API's list at which the page begins: 0 to 2147483647. Absent or null: the page begins after the cursor, or at the start. Do not give it together with `after`.",
      }),
      filter: t.arg({
        type: SessionFilter,
        description: 'The properties that a session must have. Absent, null or empty: every session.',
      }),
    },
    resolve: (script, { first, after, from, filter }, context) => {
      const list = { scriptId: usable(script, 'id'), match: filter ? readFilter(filter) : undefined };
      const size = checkRange('first', first ?? 50, 0, 100);
      return loadPage(context, list, beginning(list, after, from), size);
    },
  }),
);

function beginning(
  list: SessionList,
  after: string | null | undefined,
  from: number | null | undefined,
): number {
  if (from == null) return after == null ? 0 : readCursor(list, after) + 1;
  if (after == null) return checkRange('from', from, 0, MAX_FROM);
  throw badUserInput('from', 'it was given together with after. Give either the position or the cursor.');
}

const MAX_FROM = 2 ** 31 - 1;

function endpointOfPage({ filter }: Arguments) {
  const narrows = Object.values(filter ?? {}).some((value) => value != null);
  return narrows ? filterSessions : getSessions;
}

function listKey({ scriptId, match = {} }: SessionList): string {
  return JSON.stringify([scriptId, match.key, match.roblox_id, match.place_id, match.job_id]);
}

interface Rows {
  readonly list: SessionList;
  readonly from: number;
  readonly limit: number;
}

const rowsIn = defineLoader(
  'pages of sessions',
  oneByOne(async (api, { list, from, limit }: Rows) => {
    const { scriptId: script_id, match } = list;
    const rows =
      match === undefined
        ? await getSessions(api, { script_id }, { from, limit })
        : await filterSessions(api, { script_id }, { from, limit, ...match });
    api.pageSizes.note(api.origin.account, sizesOf(list), rows.length);
    return rows;
  }),
  ({ list, from, limit }) => `${from}+${limit} ${listKey(list)}`,
);

/**
 * Asks for one row more than the page, so that `hasNextPage` is usually known at once. If that row is missing, the list has ended or
 * LuaAuth cut the page short. A request for the next row decides, unless LuaAuth has sent a longer page before.
 */
async function loadPage(context: Context, list: SessionList, from: number, first: number): Promise<Page> {
  const found = first === 0 ? undefined : await rowsIn(context).load({ list, from, limit: first + 1 });
  const rows = found?.slice(0, first) ?? [];
  return { list, from, rows, found: found?.length };
}

/** The API has no total. */
function hasNextPage({ list, from, rows, found }: Page, context: Context): MaybePromise<boolean> {
  if (found === undefined) return isThere(context, list, from);
  if (found > rows.length) return true;
  if (found === 0) return false;
  const { pageSizes, origin } = context.caller.api;
  return found < pageSizes.longest(origin.account, sizesOf(list))
    ? false
    : isThere(context, list, from + found);
}

async function isThere(context: Context, list: SessionList, from: number): Promise<boolean> {
  const rows = await rowsIn(context).load({ list, from, limit: 1 });
  return rows.length > 0;
}

/** Names the endpoint, because the two endpoints may have different caps. */
function sizesOf({ match }: SessionList): string {
  return match === undefined ? 'sessions' : 'filter';
}

function cursorAt({ list, from }: Page, index: number): string {
  return writeCursor(listKey(list), from + index);
}

/** An opaque cursor. The checksum, which is no secret, reveals cursors of other lists and changed cursors. */
function writeCursor(list: string, index: number): string {
  const mark = createHash('sha256').update(`${index}:${list}`).digest('base64url').slice(0, 8);
  return Buffer.from(`${index}:${mark}`).toString('base64url');
}

/** @throws BAD_USER_INPUT for any cursor that `writeCursor` did not make for the same list. */
function readCursor(list: SessionList, cursor: string): number {
  const text = cursor.length <= 64 ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  const [, index] = /^(\d{1,15}):[\w-]{8}$/.exec(text) ?? [];
  if (index !== undefined && writeCursor(listKey(list), Number(index)) === cursor) return Number(index);
  throw badUserInput(
    'after',
    'this is not a cursor of this list. Give an endCursor of the same script and filter, or leave it out to start at the beginning.',
  );
}
