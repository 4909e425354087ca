import type { AbortSource } from '../../base/signal.ts';
import type { Access, Api, Timeouts } from '../../luaauth/api.ts';
import type { Answer, Origin } from '../../transport/call.ts';
import type { Transport } from '../../transport/transport.ts';
import { Usage } from '../../transport/usage.ts';

/** Counts a poll's calls, and records how old its oldest answer is. */
export class PollUsage extends Usage {
  /** The earliest time at which an answer was asked for, on the transport's clock. */
  readAt = Number.POSITIVE_INFINITY;
  #answers = 0;

  /** Whether no call is under way. Then the next call waits for its permit, or for the call of another process. */
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
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'pageSizes' | 'state'>;
  readonly timeouts: Timeouts;
  /** Calls in any sliding second for all polls of an account. Undefined: all calls that other callers leave. */
  readonly rate: number | undefined;
}

export interface PollAccess extends Access, Pick<Api, 'pageSizes'> {
  readonly usage: PollUsage;
}

/** The caller name of polls. No gateway key has a space in its name. */
const POLLS = ' live';

/** The longest time that a poll waits for its permit, in ms. After this time the quota counts as used up. */
const LONGEST_WAIT_MS = 15_000;

/**
 * Opens the API for polls. All other callers go first, and polls have their own rate. An answer that another process, or a
 * query, has received is as good as a call if it is at most `maxAgeMs` old, and not older than an answer of the same poll.
 */
export function createPollAccess({ transport, timeouts, rate }: PollAccessOptions) {
  const { ask, clock, pageSizes, state } = transport;
  return ({ key, account }: Origin, usage: PollUsage, signal: AbortSource, maxAgeMs: number): PollAccess => ({
    ask(call, own) {
      const now = clock.now();
      const deadline = now + LONGEST_WAIT_MS + call.timeoutMs;
      const isFirst = usage.readAt === Number.POSITIVE_INFINITY;
      const age = isFirst ? maxAgeMs : now - usage.readAt;
      const notes = { ...call.notes, background: 'poll' as const, maxAgeMs: age };
      return ask({ ...call, deadline, notes }, own);
    },
    clock,
    origin: {
      key,
      account,
      caller: POLLS,
      callerRate: rate,
      snapshot: state.generations.snapshot(account),
    },
    usage,
    signal,
    timeouts,
    deadline: clock.now() + LONGEST_WAIT_MS + timeouts.read,
    pageSizes,
  });
}
