import type { Access, Api, Timeouts } from '../luaauth/api.ts';
import type { Answer, Origin } from '../transport/call.ts';
import { Usage } from '../transport/observer.ts';
import type { AbortSource } from '../transport/signal.ts';
import type { Transport } from '../transport/transport.ts';

/** Counts a poll's calls, and knows when the oldest of what they have read was read. */
export class PollUsage extends Usage {
  /** On the transport's clock. */
  readAt = Number.POSITIVE_INFINITY;

  override answered(answer: Answer<unknown>): void {
    super.answered(answer);
    this.readAt = Math.min(this.readAt, answer.sentAt);
  }
}

export interface PollAccessOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'state'>;
  readonly timeouts: Timeouts;
  /** Calls in any sliding second for all polls of an account; undefined: as many as are left. */
  readonly rate: number | undefined;
}

export type PollAccess = Access & Pick<Api, 'pageSizes'>;

/** No gateway key has a space in its name. */
const POLLS = ' live';

/** The most that a poll waits for its place, in ms: then the quota is said to be used up. */
const LONGEST_WAIT_MS = 15_000;

/** Opens the API for a poll: whoever else asks goes first, nothing comes from the cache, and polls have a rate of their own. */
export function createPollAccess({ transport, timeouts, rate }: PollAccessOptions) {
  const { ask, clock, state } = transport;
  return ({ key, account }: Origin, usage: PollUsage, dueAt: number, signal: AbortSource): PollAccess => ({
    ask: (call, own) =>
      ask({ ...call, revalidation: { servedAgeMs: clock.now() - dueAt, isPoll: true } }, own),
    clock,
    origin: { key, account, caller: POLLS, callerRate: rate },
    usage,
    signal,
    timeouts,
    deadline: clock.now() + LONGEST_WAIT_MS + timeouts.read,
    pageSizes: state.pageSizes,
  });
}
