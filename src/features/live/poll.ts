import { getSessions, type Session } from '../../luaauth/sessions.ts';
import { cursorOf, differenceOf, isSame, type LiveState } from './live-state.ts';
import type { PollAccess } from './poll-access.ts';

/** While a list does not change, its last page is read again only after this time, in ms. */
const END_KNOWN_MS = 60_000;
/** The page size that other lists ask for too. The API does not document its largest `limit`. */
const PAGE = 100;

interface PolledList {
  readonly sessions: ReadonlyMap<string, Session>;
  readonly isOnePage: boolean;
  readonly isComplete: boolean;
  readonly isEndSeen: boolean;
}

/**
 * Polls a script once. A session that several pages lack has ended only if two polls in a row lack it.
 * @param before - the state that the last poll has found
 * @param most - how many sessions are followed
 * @param today - the time of day, in ms since 1970
 * @throws CallFailure
 */
export async function poll(
  access: PollAccess,
  scriptId: string,
  before: LiveState | undefined,
  most: number,
  today: () => number,
): Promise<LiveState> {
  const { clock, usage } = access;
  /**
   * Whether an only page that is short counts as the whole list. While the same users are connected, a poll looks for more pages
   * only once in a while. The first poll never looks, because a subscription must cost one call.
   */
  const isWholeList = (sessions: ReadonlyMap<string, Session>) =>
    before === undefined ||
    (clock.now() - before.endSeenAt < END_KNOWN_MS && isSame(before.sessions, sessions));
  const hadPages = before !== undefined && !before.isOnePage;
  const { isEndSeen, ...list } = await readList(access, scriptId, most, hadPages, isWholeList);
  const now = clock.now();
  const { readAt } = usage;
  const { sessions, missed } = before ? merged(before, list) : { sessions: list.sessions, missed: NONE };
  return {
    cursor: cursorOf({ sessions, isComplete: list.isComplete }),
    asOf: Math.floor(today() - (now - readAt)),
    readAt,
    sessions,
    isComplete: list.isComplete,
    isOnePage: list.isOnePage,
    endSeenAt: isEndSeen ? now : (before?.endSeenAt ?? Number.NEGATIVE_INFINITY),
    missed,
  };
}

const NONE: ReadonlySet<string> = new Set();

/** The sessions that are connected after a poll: what it has found, and what it may have overlooked. */
function merged(before: LiveState, { sessions, isOnePage }: Omit<PolledList, 'isEndSeen'>) {
  const lacking = differenceOf(before.sessions, sessions).disappeared;
  const overlooked = lacking.filter(({ id = '' }) => !isOnePage && !before.missed.has(id));
  const found: [string, Session][] = overlooked.map((session) => [session.id ?? '', session]);
  return { sessions: new Map([...found, ...sessions]), missed: new Set(found.map(([id]) => id)) };
}

/**
 * Reads the sessions of a script, page by page, up to `most`. A page shorter than its `limit` may be the end of the
 * list, or the API's cap. It is the end if a longer page was seen before. An only page is the end as well if
 * `isWholeList` returns true. Otherwise one more call decides. `hadPages`: the last poll has read several pages.
 */
async function readList(
  access: PollAccess,
  scriptId: string,
  most: number,
  hadPages: boolean,
  isWholeList: (sessions: ReadonlyMap<string, Session>) => boolean,
): Promise<PolledList> {
  const { pageSizes, origin } = access;
  const sessions = new Map<string, Session>();
  for (let from = 0, pages = 0; ; ) {
    const limit = Math.min(PAGE, most + 1 - from);
    const rows = await getSessions(access, { script_id: scriptId }, { from, limit });
    pageSizes.note(origin.account, 'sessions', rows.length);
    if (rows.length > 0) pages += 1;
    const known = sessions.size;
    for (const row of rows) if (row.id !== undefined) sessions.set(row.id, row);
    from += rows.length;
    const isOnePage = pages <= 1;
    const isShort = rows.length < limit;
    if (from > most) {
      const first = new Map([...sessions].slice(0, most));
      return { sessions: first, isOnePage, isComplete: false, isEndSeen: false };
    }
    if (rows.length === 0) {
      // A session that moved onto the first page between two calls is in neither answer.
      const mayLack = from === PAGE || (from > 0 && hadPages);
      return { sessions, isOnePage: isOnePage && !mayLack, isComplete: true, isEndSeen: true };
    }
    // An API that ignores the position would give the same page forever.
    if (sessions.size === known) return { sessions, isOnePage, isComplete: isShort, isEndSeen: isShort };
    const isWhole = isShort && isOnePage && isWholeList(sessions);
    if (isWhole || (isShort && rows.length < pageSizes.longest(origin.account, 'sessions')))
      return { sessions, isOnePage, isComplete: true, isEndSeen: !isWhole };
  }
}
