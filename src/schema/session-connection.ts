import { createHash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import { requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import { badUserInput } from '../errors/coded-error.ts';
import type { Api } from '../luaauth/api.ts';
import { usable } from '../luaauth/decoders.ts';
import {
  filterSessions,
  getSessions,
  type SessionMatch,
  type Session as SessionShape,
} from '../luaauth/sessions.ts';
import { type Arguments, costsOneOf, pageOf } from '../plan/cost.ts';
import { type MaybePromise, whenKnown } from '../state/maybe-promise.ts';
import { checkRange } from './argument.ts';
import { builder } from './builder.ts';
import { defineConnection, type Page } from './define-connection.ts';
import { defineLoader } from './loader.ts';
import { Script } from './script.ts';
import { readFilter, Session, SessionFilter } from './session.ts';

const SessionConnection = defineConnection({
  node: Session,
  noun: 'session',
  description: "A page of a script's connected users.",
  cursorsHoldOn: 'the same script with the same filter',
});

builder.objectField(Script, 'sessions', (t) =>
  t.field({
    type: SessionConnection,
    nullable: true,
    description:
      'Connected users, oldest position first. With a filter, only sessions that match all of it. Sessions come and go while one pages, and pages count positions: a session may be met twice or be missed by a page that moved. There is no `last` and no `before`: the API counts from the start of the list. Null, with an error here, if they cannot be read, or `first` or `after` is no good. Costs one REST call a page; see `hasNextPage`.',
    extensions: {
      ...requiresScopes('sessions:read'),
      ...costsOneOf(endpointOfPage, {
        items: pageOf('first', { most: 100, byDefault: 50 }),
        isOpenEnded: true,
      }),
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

function endpointOfPage({ filter }: Arguments) {
  const narrows = Object.values(filter ?? {}).some((value) => value != null);
  return narrows ? filterSessions : getSessions;
}

/** The sessions of a script, all of them or those that match. */
interface SessionList {
  readonly scriptId: string;
  readonly match: SessionMatch | undefined;
}

/** One string for each list, which no other has. */
export function listKey({ scriptId, match = {} }: SessionList): string {
  return JSON.stringify([scriptId, match.key, match.roblox_id, match.place_id, match.job_id]);
}

interface Range {
  readonly list: SessionList;
  readonly from: number;
  readonly limit: number;
}

const rowsIn = defineLoader(fetchRows, ({ list, from, limit }) => `${from}+${limit} ${listKey(list)}`);

/**
 * Asks for one row more than the page has, so that `hasNextPage` is usually known at once. The API's largest `limit` is
 * not documented: a page that comes back without that extra row may be the end of the list or the API's cap, which one
 * further row shows, unless a longer page has shown that the cap is higher.
 */
export async function loadSessionPage(
  context: Context,
  list: SessionList,
  from: number,
  first: number,
): Promise<Page<SessionShape>> {
  const found = first === 0 ? [] : await rowsIn(context).load({ list, from, limit: first + 1 });
  const rows = found.slice(0, first);
  const sessions = Session.loaderOf(context);
  for (const row of rows) if (typeof row.id === 'string') sessions.put(row.id, row);
  return {
    rows,
    hasPreviousPage: from > 0,
    cursorAt: (index) => writeCursor(listKey(list), from + index),
    // The API has no total.
    hasNextPage() {
      if (first === 0) return isThere(context, list, from);
      if (found.length > first) return true;
      if (found.length === 0) return false;
      return whenKnown(longestPage(context.caller.api, list), (longest) => {
        if (found.length < longest) return false;
        return isThere(context, list, from + found.length);
      });
    },
  };
}

async function isThere(context: Context, list: SessionList, from: number): Promise<boolean> {
  const rows = await rowsIn(context).load({ list, from, limit: 1 });
  return rows.length > 0;
}

async function fetchRows(api: Api, { list, from, limit }: Range): Promise<SessionShape[]> {
  const { scriptId, match } = list;
  const rows =
    match === undefined
      ? await getSessions(api, { script_id: scriptId }, { from, limit })
      : await filterSessions(api, { script_id: scriptId }, { from, limit, ...match });
  void api.pageSizes.note(api.origin.account, endpointOf(list), rows.length);
  return rows;
}

function longestPage(api: Api, list: SessionList): MaybePromise<number> {
  return api.pageSizes.longest(api.origin.account, endpointOf(list));
}

/** The two endpoints may have different caps. */
function endpointOf({ match }: SessionList): string {
  return match === undefined ? 'sessions' : 'filter';
}

/**
 * An opaque cursor: the index of a row, and a mark of the list that the row is in, so that a cursor of another script
 * or filter, or one that was tampered with, is noticed. The mark is a checksum, not a secret.
 */
function writeCursor(list: string, index: number): string {
  return Buffer.from(`${index}:${mark(list, index)}`).toString('base64url');
}

/** @returns the index in a cursor that `writeCursor` made for the same list. @throws BAD_USER_INPUT for any other. */
export function readCursor(argument: string, list: string, cursor: string): number {
  const index = indexIn(cursor);
  if (index === undefined || writeCursor(list, index) !== cursor) throw noCursor(argument);
  return index;
}

function noCursor(argument: string): GraphQLError {
  return badUserInput(
    argument,
    'this is not a cursor of this list. Give an endCursor of the same script and filter, or leave it out to begin anew.',
  );
}

/** The index in what has the form of a cursor. */
function indexIn(cursor: string): number | undefined {
  const [, index] = (cursor.length <= 64 && /^(\d{1,15}):[\w-]{8}$/.exec(decode(cursor))) || [];
  return index === undefined ? undefined : Number(index);
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('latin1');
}

function mark(list: string, index: number): string {
  return createHash('sha256').update(`${index}:${list}`).digest('base64url').slice(0, 8);
}
