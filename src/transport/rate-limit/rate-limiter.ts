import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { Place, QuotaStatus, Quotas } from '../../state/port.ts';
import { type AccountRecord, Accounts, type KnownAccounts } from '../accounts.ts';
import type { Call, Interceptor } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { CallerQueues } from './caller-queues.ts';
import { type ArrivedBy, createArrivals, Permit, type PermitGiver } from './permit.ts';
import { RateLimitQueue } from './queue.ts';

export interface RateLimiterOptions {
  /** Requests in any sliding second for one API key; 0: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The time of day, in ms since 1970. */
  readonly today: () => number;
  /** Whose key the API has accepted; with none given, no key is asked for more than its quota. */
  readonly known?: KnownAccounts | undefined;
}

export interface RateLimiter {
  /** What a call needs to be sent, at once if it may. @throws RateLimited when it cannot start in time; ClientLeft. */
  acquire<T>(call: Call<T>, progress: Progress): MaybePromise<Permit>;
  /** Whether a call could start at this moment and leave places for others. */
  hasRoom<T>(call: Call<T>): boolean;
  /** Ends the wait of all calls of an account. */
  rejectQueued(account: string, failureFor: (call: Call<unknown>) => CallFailure): void;
  /** How the quota of an account stands. */
  status(account: string): MaybePromise<RateLimitStatus>;
}

/** How the quota of an account stands: that of keys which the API has never accepted where the account is one of them. */
export interface RateLimitStatus extends Omit<QuotaStatus, 'resetInMs'> {
  /** When no place will be used any more if nothing else starts, in ms since 1970. */
  readonly resetAtMs: number;
  /** Calls that wait for their turn, in this process. */
  readonly queued: number;
}

/** Calls start no faster than the quota of their key allows. */
export function createRateLimiter({ rate, clock, quotas, today, known }: RateLimiterOptions): RateLimiter {
  const arrivedBy = createArrivals(clock);
  const options = { rate: rate > 0 ? rate : Number.POSITIVE_INFINITY, clock, quotas, arrivedBy, known };
  const accounts = new Accounts((account) => new AccountLimiter(account, options));
  return {
    acquire: (call, progress) => accounts.of(call.origin.account).acquire(call, progress),
    hasRoom: (call) => accounts.get(call.origin.account)?.hasRoom(call) ?? true,
    rejectQueued: (account, failureFor) => accounts.get(account)?.rejectQueued(failureFor),
    status: (account) =>
      whenKnown(accounts.of(account).status(), ({ resetInMs, ...status }) => ({
        ...status,
        resetAtMs: today() + Math.ceil(resetInMs),
      })),
  };
}

/** Lets a call go on once it has its permit, which is then told how the request goes on. */
export function limitRate(limiter: RateLimiter): Interceptor {
  return (next) => (call, progress) => {
    const permit = limiter.acquire(call, progress);
    return permit instanceof Promise ? permit.then((given) => next(call, given)) : next(call, permit);
  };
}

/** The longest that a key pauses on the API's word before it tries again. */
const MAX_PAUSE_MS = 5 * 60_000;
/** An endpoint refused twice within this time, while others went through, has a limit of its own. */
const SUSPICION_MS = 60_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** What a key that the API has never accepted may do: it may be made up, and may become known with the next answer. */
const UNKNOWN_RATE = 5;
const MAX_WAITING_UNKNOWN = 1_000;
/** With the quota off, what an endpoint that turned out to be limited more strictly begins with. */
const ENDPOINT_RATE = 50;

export interface AccountLimiterOptions {
  /** Requests in any sliding second; Infinity: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly arrivedBy: ArrivedBy;
  /** Whose key the API has accepted. Undefined: every key counts as one of these. */
  readonly known: KnownAccounts | undefined;
}

/** Gives permits to the calls of one API key. When the API says `ratelimited`, they slow down. */
export class AccountLimiter implements PermitGiver, AccountRecord {
  readonly clock: Clock;
  readonly arrivedBy: ArrivedBy;
  readonly #name: string;
  readonly #rate: number;
  readonly #quotas: Quotas;
  readonly #known: KnownAccounts | undefined;
  readonly #queue: RateLimitQueue;
  readonly #callers: CallerQueues;
  /** Where calls of a key wait that the API has never accepted. */
  #unknownQueue: RateLimitQueue | undefined;
  /** Endpoints that the API limits more strictly than the key as a whole. */
  readonly #endpoints = new Map<string, RateLimitQueue>();
  /** Endpoints that were refused lately: when, and whether others went through since. */
  readonly #suspects = new Map<string, { readonly at: number; othersPassed: boolean }>();

  constructor(name: string, { rate, clock, quotas, arrivedBy, known }: AccountLimiterOptions) {
    this.#name = name;
    this.#rate = rate;
    this.clock = clock;
    this.#quotas = quotas;
    this.arrivedBy = arrivedBy;
    this.#known = known;
    this.#queue = new RateLimitQueue({ quotas, name, limits: { rate, ...KEY_PACE }, clock });
    this.#callers = new CallerQueues(quotas, clock);
    if (!known || known.has(name)) return;
    this.#unknownQueue = new RateLimitQueue({
      quotas,
      name: `${name} unknown`,
      limits: { rate: Math.min(rate, UNKNOWN_RATE), ...KEY_PACE, isLocal: true },
      clock,
      maxWaiting: MAX_WAITING_UNKNOWN,
      isTemporary: true,
    });
  }

  /** The call's permit, at once if there is one. @throws RateLimited when it cannot start in time; ClientLeft. */
  acquire<T>(call: Call<T>, progress: Progress): MaybePromise<Permit> {
    const hasOneQueue =
      this.#unknownQueue === undefined &&
      call.origin.callerRate === undefined &&
      !this.#endpoints.has(call.endpoint);
    const place = hasOneQueue ? this.#queue.enter(call) : undefined;
    // Most calls find a place at once.
    if (place === undefined || place instanceof Promise) return this.#wait(call, progress, place);
    progress.dequeued(0);
    return new Permit(this, call.endpoint, [place], progress);
  }

  /** Whether a call could start at this moment and leave places for others. */
  hasRoom<T>(call: Call<T>): boolean {
    return [this.#callers.of(call.origin), this.#endpoints.get(call.endpoint), this.#queue].every(
      (queue) => queue?.hasRoom() ?? true,
    );
  }

  rejectQueued(failureFor: (call: Call<unknown>) => CallFailure): void {
    for (const queue of this.#queues()) queue.rejectAll(failureFor);
  }

  status(): MaybePromise<QuotaStatus & { readonly queued: number }> {
    const queued = this.#queues().reduce((sum, { size }) => sum + size, 0);
    return whenKnown((this.#unknownQueue ?? this.#queue).status(), (status) => ({ ...status, queued }));
  }

  isIdle(): boolean {
    return this.#queues().every((queue) => queue.isIdle());
  }

  ended(endpoint: string, failure: unknown): void {
    if (this.#unknownQueue && isAccepted(failure)) this.#noteKnown(this.#unknownQueue);
    if (failure instanceof RateLimited) this.#slowDown(failure);
    else if (failure === undefined && this.#suspects.size > 0) this.#notePassed(endpoint);
  }

  async #wait<T>(call: Call<T>, progress: Progress, entering: Promise<Place> | undefined): Promise<Permit> {
    const enteredAt = this.clock.now();
    const places: Place[] = [];
    progress.queued();
    try {
      // First: whoever is over its own rate takes no place from others while it waits.
      const ofCaller = this.#callers.of(call.origin);
      if (ofCaller) places.push(await ofCaller.enter(call.revalidation?.isPoll ? asRead(call) : call));
      if (this.#unknownQueue) places.push(await this.#unknownQueue.enter(call));
      const own = this.#endpoints.get(call.endpoint);
      if (own) places.push(await own.enter(call));
      places.push(await (entering ?? this.#queue.enter(call)));
    } catch (failure) {
      for (const place of places) place.done(0);
      progress.ended(failure);
      throw failure;
    }
    progress.dequeued(this.clock.now() - enteredAt);
    return new Permit(this, call.endpoint, places, progress);
  }

  #queues(): RateLimitQueue[] {
    const queues = [...this.#callers.all(), ...this.#endpoints.values(), this.#queue];
    return this.#unknownQueue ? [this.#unknownQueue, ...queues] : queues;
  }

  #noteKnown(unknownQueue: RateLimitQueue): void {
    this.#known?.add(this.#name);
    this.#unknownQueue = undefined;
    unknownQueue.lift();
  }

  #slowDown({ endpoint, retryAfterMs }: RateLimited): void {
    const now = this.clock.now();
    const suspect = this.#suspects.get(endpoint);
    this.#suspects.set(endpoint, { at: now, othersPassed: false });
    if (!this.#endpoints.has(endpoint) && suspect?.othersPassed && now - suspect.at < SUSPICION_MS) {
      const limits = { rate: Math.min(this.#rate, ENDPOINT_RATE), ...ENDPOINT_PACE };
      const name = `${this.#name} ${endpoint}`;
      const queue = new RateLimitQueue({ quotas: this.#quotas, name, limits, clock: this.clock });
      this.#endpoints.set(endpoint, queue);
    }
    const slowed = this.#endpoints.get(endpoint) ?? this.#queue;
    slowed.slowDown(Math.min(retryAfterMs, MAX_PAUSE_MS), retryAfterMs);
  }

  #notePassed(endpoint: string): void {
    for (const [name, suspect] of this.#suspects) {
      if (name !== endpoint) suspect.othersPassed = true;
      if (this.clock.now() - suspect.at > SUSPICION_MS) this.#suspects.delete(name);
    }
    if (this.#endpoints.get(endpoint)?.isIdle()) this.#endpoints.delete(endpoint);
  }
}

/** Whether how a request ended shows that the API has accepted the key. */
function isAccepted(failure: unknown): boolean {
  return failure === undefined || (failure instanceof CallFailure && failure.provesKey);
}

/** Among themselves, polls need not leave places to anybody. */
function asRead<T>(call: Call<T>): Call<T> {
  return { ...call, revalidation: undefined };
}
