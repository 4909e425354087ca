import type { Api } from '../luaauth/api.ts';
import { getSessions } from '../luaauth/scripts.ts';
import type { Session } from '../luaauth/sessions.ts';

/** The API's largest `limit` is not documented: what is asked for elsewhere as well. */
const PAGE = 100;

export interface AllSessions {
  readonly sessions: readonly Session[];
  readonly isOnePage: boolean;
  readonly isComplete: boolean;
  /** Whether the API has shown that nothing follows. */
  readonly isEndSeen: boolean;
}

/**
 * Reads the sessions of a script, page by page, up to `most`. A page that is shorter than what was asked for may be the end
 * of the list or the API's cap: it is the end if a longer one has been seen, or, for an only page, if `isKnownPage` says
 * so; otherwise one more call tells.
 *
 * @throws CallFailure
 */
export async function readSessions(
  api: Pick<Api, 'pageSizes'> & Parameters<typeof getSessions>[0],
  scriptId: string,
  most: number,
  isKnownPage: (sessions: readonly Session[]) => boolean,
): Promise<AllSessions> {
  const { pageSizes, origin } = api;
  const found = new Map<string, Session>();
  for (let from = 0, pages = 0; ; ) {
    const limit = Math.min(PAGE, most + 1 - from);
    const rows = await getSessions(api, { script_id: scriptId }, { from, limit });
    void pageSizes.note(origin.account, 'sessions', rows.length);
    if (rows.length > 0) pages += 1;
    for (const row of rows) if (row.id !== undefined) found.set(row.id, row);
    from += rows.length;
    const sessions = [...found.values()];
    const isOnePage = pages <= 1;
    const isShort = rows.length < limit;
    if (from > most)
      return { sessions: sessions.slice(0, most), isOnePage, isComplete: false, isEndSeen: false };
    if (rows.length === 0) return { sessions, isOnePage, isComplete: true, isEndSeen: true };
    const isKnown = isShort && isOnePage && isKnownPage(sessions);
    if (isKnown || (isShort && rows.length < (await longestPage(api))))
      return { sessions, isOnePage, isComplete: true, isEndSeen: !isKnown };
  }
}

function longestPage({ pageSizes, origin }: Pick<Api, 'pageSizes' | 'origin'>) {
  return pageSizes.longest(origin.account, 'sessions');
}
