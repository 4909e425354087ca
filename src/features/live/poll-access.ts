import type { Access, Api, Timeouts } from '../../luaauth/api.ts';
import { getSessions, type Session } from '../../luaauth/sessions.ts';
import type { AbortSource, Answer, Origin } from '../../transport/call.ts';
import type { Transport } from '../../transport/transport.ts';
import { Usage } from '../../transport/usage.ts';

/** Counts a poll's calls, and records how old its oldest answer is. */
export class PollUsage extends Usage {
  /** The earliest sending of an answered call, on the transport's clock. */
  readAt = Number.POSITIVE_INFINITY;
  #answers = 0;

  /** Whether no call is under way. Then the next call waits for its permit. */
  get isWaiting(): boolean {
    return this.calls <= this.#answers;
  }

  override answered(answer: Answer<unknown>): void {
    super.answered(answer);
    this.#answers += 1;
    this.readAt = Math.min(this.readAt, answer.sentAt);
  }
}

interface PollAccessOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'pageSizes'>;
  readonly timeouts: Timeouts;
  /** Calls in any sliding second for all polls of an account. Undefined: all calls that other callers leave. */
  readonly rate: number | undefined;
}

export type PollAccess = Access & Pick<Api, 'pageSizes'>;

/** The caller name of polls. No gateway key has a space in its name. */
const POLLS = ' live';

/** The longest time that a poll waits for its permit, in ms. After this time the quota counts as used up. */
const LONGEST_WAIT_MS = 15_000;

/**
 * Opens the API for a poll. All other callers go first, no answer comes from the cache, and polls have their own rate.
 */
export function createPollAccess({ transport, timeouts, rate }: PollAccessOptions) {
  const { ask, clock, pageSizes } = transport;
  return ({ key, account }: Origin, usage: PollUsage, signal: AbortSource): PollAccess => ({
    ask(call, own) {
      const now = clock.now();
      const deadline = now + LONGEST_WAIT_MS + call.timeoutMs;
      return ask({ ...call, deadline, background: 'poll' }, own);
    },
    clock,
    origin: { key, account, caller: POLLS, callerRate: rate },
    usage,
    signal,
    timeouts,
    deadline: clock.now() + LONGEST_WAIT_MS + timeouts.read,
    pageSizes,
  });
}

/** The page size that other lists ask for too. The API does not document its largest `limit`. */
const PAGE = 100;

export interface ReadSessions {
  /** The sessions by id. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** Whether one answer held all sessions. Then they are the state of one moment. */
  readonly isOnePage: boolean;
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
  /** Whether the API has shown that the list ends here. */
  readonly isEndSeen: boolean;
}

/**
 * Reads the sessions of a script, page by page, up to `most`. A page shorter than its `limit` may be the end of the
 * list, or the API's cap. It is the end if a longer page was seen before. An only page is the end as well if
 * `isKnownPage` returns true. Otherwise one more call decides. `hadPages`: the last poll has read several pages.
 *
 * @throws CallFailure
 */
export async function readSessions(
  api: PollAccess,
  scriptId: string,
  most: number,
  hadPages: boolean,
  isKnownPage: (sessions: ReadonlyMap<string, Session>) => boolean,
): Promise<ReadSessions> {
  const { pageSizes, origin } = api;
  const sessions = new Map<string, Session>();
  for (let from = 0, pages = 0; ; ) {
    const limit = Math.min(PAGE, most + 1 - from);
    const rows = await getSessions(api, { script_id: scriptId }, { from, limit });
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
    const isKnown = isShort && isOnePage && isKnownPage(sessions);
    if (isKnown || (isShort && rows.length < pageSizes.longest(origin.account, 'sessions')))
      return { sessions, isOnePage, isComplete: true, isEndSeen: !isKnown };
  }
}
