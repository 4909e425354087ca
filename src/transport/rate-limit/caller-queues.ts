import type { Quotas } from '../../state/port.ts';
import type { Origin } from '../call.ts';
import type { Clock } from '../clock.ts';
import { RateLimitQueue } from './queue.ts';

/** The API's `ratelimited` slows down the key as a whole, not one of its callers. */
const NEVER_SLOWER = { backoff: 1, recoveryPerSecond: 1 };
const SWEEP_AT = 1_000;

interface CallerQueue {
  readonly rate: number;
  readonly queue: RateLimitQueue;
}

/** Where the calls of callers wait that have a rate of their own. */
export class CallerQueues {
  readonly #quotas: Quotas;
  readonly #clock: Clock;
  readonly #queues = new Map<string, CallerQueue>();

  constructor(quotas: Quotas, clock: Clock) {
    this.#quotas = quotas;
    this.#clock = clock;
  }

  /** Undefined: the caller has no rate of its own. */
  of({ caller, callerRate: rate }: Origin): RateLimitQueue | undefined {
    if (rate === undefined) return undefined;
    const known = this.#queues.get(caller);
    // Another rate is another quota: what waits in the old one goes on there.
    return known?.rate === rate ? known.queue : this.#add(caller, rate);
  }

  all(): RateLimitQueue[] {
    return [...this.#queues.values()].map(({ queue }) => queue);
  }

  #add(caller: string, rate: number): RateLimitQueue {
    if (this.#queues.size >= SWEEP_AT) this.#sweep();
    const queue = new RateLimitQueue({
      quotas: this.#quotas,
      name: `caller:${caller}`,
      limits: { rate, ...NEVER_SLOWER },
      clock: this.#clock,
      isOfCaller: true,
    });
    this.#queues.set(caller, { rate, queue });
    return queue;
  }

  #sweep(): void {
    for (const [caller, { queue }] of this.#queues) if (queue.isIdle()) this.#queues.delete(caller);
  }
}
