import { type ArrivedBy, createArrivals } from './arrival.ts';
import type { Answer, Call, Course, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { RateLimited } from './failure.ts';
import { createLane, type Lane } from './lane.ts';
import { type Booking, createStartLog } from './start-log.ts';

export interface PaceOptions {
  /** Request starts in any sliding second for one API key; 0: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
}

export interface Pace {
  readonly step: (next: Send) => Send;
  /** Whether a call could start at this moment and leave places for others. */
  hasRoom<T>(call: Call<T>): boolean;
}

/** The second of the quota, and what clocks and timers may be off. */
const WINDOW_MS = 1_002;
/** How long a key pauses when the API does not say. */
const PAUSE_MS = 1_000;
/** The longest that a key pauses on the API's word before it tries again. */
const MAX_PAUSE_MS = 5 * 60_000;
/** An endpoint refused twice within this time, while others went through, has a limit of its own. */
const SUSPICION_MS = 60_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** With the quota off, what an endpoint that turned out to be limited more strictly begins with. */
const ENDPOINT_LIMIT = 50;

/** What is known of one API key. */
interface Account {
  readonly lane: Lane;
  /** Endpoints that the API limits more strictly than the key as a whole. */
  readonly endpoints: Map<string, Lane>;
  /** Endpoints that were refused lately: when, and whether others went through since. */
  readonly suspects: Map<string, { readonly at: number; othersPassed: boolean }>;
}

/** Calls start no faster than the quota of their key allows; when the API says `ratelimited`, they slow down. */
export function createPace({ rate, clock }: PaceOptions): Pace {
  const accounts = new Map<string, Account>();
  const arrivedBy = createArrivals(clock);
  const limit = rate > 0 ? rate : Number.POSITIVE_INFINITY;
  let sweepAt = 1_000;

  const accountOf = (id: string): Account => {
    let account = accounts.get(id);
    if (!account) {
      if (accounts.size >= sweepAt) sweep();
      const log = createStartLog({ limit, windowMs: WINDOW_MS, ...KEY_PACE, clock });
      account = { lane: createLane(log, clock), endpoints: new Map(), suspects: new Map() };
      accounts.set(id, account);
    }
    return account;
  };

  const sweep = () => {
    for (const [id, { lane, endpoints }] of accounts) {
      if (lane.isIdle() && [...endpoints.values()].every((one) => one.isIdle())) accounts.delete(id);
    }
    sweepAt = Math.max(1_000, accounts.size * 2);
  };

  /** Slows down, and gives the failure with the time to wait, which the API need not tell. */
  const onRateLimited = (account: Account, failure: RateLimited): RateLimited => {
    const { endpoint, retryAfterMs } = failure;
    const pauseMs = Math.min(retryAfterMs ?? PAUSE_MS, MAX_PAUSE_MS);
    const now = clock.now();
    const suspect = account.suspects.get(endpoint);
    account.suspects.set(endpoint, { at: now, othersPassed: false });
    let lane = account.endpoints.get(endpoint);
    if (!lane && suspect?.othersPassed && now - suspect.at < SUSPICION_MS) {
      const own = Math.min(limit, ENDPOINT_LIMIT);
      lane = createLane(createStartLog({ limit: own, windowMs: WINDOW_MS, ...ENDPOINT_PACE, clock }), clock);
      account.endpoints.set(endpoint, lane);
    }
    const slowed = lane ?? account.lane;
    slowed.slowDown();
    slowed.pause(pauseMs, retryAfterMs ?? pauseMs);
    return new RateLimited(failure, retryAfterMs ?? pauseMs, { byApi: true });
  };

  const onPassed = ({ suspects, endpoints }: Account, endpoint: string) => {
    for (const [name, suspect] of suspects) {
      if (name !== endpoint) suspect.othersPassed = true;
      if (clock.now() - suspect.at > SUSPICION_MS) suspects.delete(name);
    }
    if (endpoints.get(endpoint)?.isIdle()) endpoints.delete(endpoint);
  };

  const wait = async <T>(
    next: Send,
    account: Account,
    own: Lane | undefined,
    call: Call<T>,
    entering: Booking | Promise<Booking> | undefined,
  ): Promise<Answer<T>> => {
    const enteredAt = clock.now();
    const held: Held[] = own ? [{ lane: own, place: await own.enter(call) }] : [];
    try {
      held.push({ lane: account.lane, place: await (entering ?? account.lane.enter(call)) });
    } catch (error) {
      markDone(held);
      throw error;
    }
    const { tally } = call.origin;
    tally.queuedMs = Math.max(tally.queuedMs, clock.now() - enteredAt);
    return start(next, account, call, held);
  };

  const start = <T>(
    next: Send,
    account: Account,
    call: Call<T>,
    held: readonly Held[],
  ): Promise<Answer<T>> => {
    const passage = new Passage(held, call.endpoint, clock, arrivedBy);
    call.course = passage;
    return next(call).then(
      (answer) => {
        passage.over();
        if (account.suspects.size > 0) onPassed(account, call.endpoint);
        return answer;
      },
      (failure) => {
        passage.over();
        throw failure instanceof RateLimited ? onRateLimited(account, failure) : failure;
      },
    );
  };

  return {
    step: (next) => (call) => {
      const account = accountOf(call.origin.account);
      const own = account.endpoints.get(call.endpoint);
      const place = own ? undefined : account.lane.enter(call);
      // Most calls find a place at once.
      if (place === undefined || place instanceof Promise) return wait(next, account, own, call, place);
      return start(next, account, call, [{ lane: account.lane, place }]);
    },
    hasRoom(call) {
      const account = accounts.get(call.origin.account);
      if (!account) return true;
      return (account.endpoints.get(call.endpoint)?.hasRoom() ?? true) && account.lane.hasRoom();
    },
  };
}

interface Held {
  readonly lane: Lane;
  readonly place: Booking;
}

/** A request with its places in the quota, which count from its arrival. */
class Passage implements Course {
  readonly #held: readonly Held[];
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #arrivedBy: ArrivedBy;
  #sentAt = 0;

  constructor(held: readonly Held[], endpoint: string, clock: Clock, arrivedBy: ArrivedBy) {
    this.#held = held;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#arrivedBy = arrivedBy;
  }

  sent(): void {
    this.#sentAt = this.#clock.now();
    markSent(this.#held);
  }

  answered(): void {
    markDone(this.#held, this.#arrivedBy(this.#endpoint, this.#sentAt));
  }

  over(): void {
    markDone(this.#held);
  }
}

function markSent(held: readonly Held[]): void {
  for (const { lane, place } of held) {
    place.sent();
    lane.wake();
  }
}

function markDone(held: readonly Held[], arrivedBy?: number): void {
  for (const { lane, place } of held) {
    place.done(arrivedBy);
    lane.wake();
  }
}
