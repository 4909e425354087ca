import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';
import { filterSessions, getSessions, type SessionMatch } from '../luaauth/scripts.ts';
import type { Session as SessionShape } from '../luaauth/sessions.ts';
import { type MaybePromise, whenKnown } from '../state/maybe-promise.ts';
import { defineLoader } from './loader.ts';
import { sessionsOf } from './session.ts';

/** The sessions of a script, all of them or those that match. */
export interface SessionList {
  readonly scriptId: string;
  readonly match: SessionMatch | undefined;
}

/** A page of a list. The API has no total, so `hasNextPage` may have to ask, and only when it is selected. */
export interface SessionPage {
  readonly list: SessionList;
  readonly from: number;
  readonly rows: readonly SessionShape[];
  hasNextPage(): MaybePromise<boolean>;
}

/** One string for each list, to tell it from others. */
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
 * further row tells, unless a longer page has shown that the cap is higher.
 */
export async function loadSessionPage(
  context: Context,
  list: SessionList,
  from: number,
  first: number,
): Promise<SessionPage> {
  const found = first === 0 ? [] : await rowsIn(context).load({ list, from, limit: first + 1 });
  const rows = found.slice(0, first);
  const sessions = sessionsOf(context);
  for (const row of rows) if (typeof row.id === 'string') sessions.put(row.id, row);
  return {
    list,
    from,
    rows,
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
