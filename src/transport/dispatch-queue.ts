import type { Place, Quota } from '../state/port.ts';
import { type AccountRecord, Accounts } from './accounts.ts';
import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import { type CallFailure, RateLimited } from './errors.ts';
import { Fifo } from './fifo.ts';
import { Round } from './rate-limit/priorities.ts';

/** A request that needs a connection. */
export interface Departure {
  readonly call: Call<unknown>;
  /** It has a connection now, and a place in the quota over all accounts if there is one. */
  depart(place: Place | undefined): void;
  /** It will have none. */
  fail(failure: CallFailure): void;
}

export interface DispatchQueueOptions {
  /** Requests that can be under way at a time. */
  readonly connections: number;
  readonly clock: Clock;
  /** Opens the quota over all accounts; none: there is no such limit. */
  readonly openTotal?: ((onFreed: () => void) => Quota) | undefined;
  /** Whether the API has ever accepted the account's key. */
  readonly isKnown?: ((account: string) => boolean) | undefined;
}

/** Of so many requests in a row at least one is of an account that is not known, if one waits. */
const UNKNOWN_EVERY = 5;

/**
 * Who gets a connection. An account may have as many requests under way as connections are free: one alone gets half of
 * them, two a third each, and one is always left for the next. So what hangs for one account takes nothing from another.
 * (Half for everyone would let two accounts take them all.) Accounts that wait take turns; a write goes before the reads
 * of its account. Accounts that are not known go behind those that are, so that made-up keys cannot take all turns.
 */
export class DispatchQueue {
  readonly #options: DispatchQueueOptions;
  readonly #total: Quota | undefined;
  readonly #lines = new Accounts<Line>((account) => new Line(account));
  /** The lines in which somebody waits, in the order of their turns. */
  readonly #known = new Set<Line>();
  readonly #unknown = new Set<Line>();
  #underWay = 0;
  #waiting = 0;
  #knownInARow = 0;
  #isAsking = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: DispatchQueueOptions) {
    this.#options = options;
    this.#total = options.openTotal?.(() => this.#wake());
  }

  /** Whether a request of the account could depart at this moment. */
  hasRoom(account: string): boolean {
    if (this.#total && !this.#total.hasSpare()) return false;
    const line = this.#lines.get(account);
    return line === undefined || (line.size === 0 && this.#hasConnection(line));
  }

  /** Lets a request depart, at once if it can. */
  enter(request: Departure): void {
    const line = this.#lines.of(request.call.origin.account);
    if (line.size === 0 && this.#hasConnection(line) && (!this.#total || this.#waiting === 0)) {
      const place = this.#takePlace();
      if (typeof place !== 'number') {
        this.#depart(line, request, place);
        return;
      }
    }
    const etaMs = this.#total?.etaMs(this.#aheadOf(line)) ?? 0;
    if (etaMs > 0 && this.#options.clock.now() + etaMs > request.call.deadline) {
      request.fail(refusal(request.call, etaMs));
      return;
    }
    this.#add(line, request);
    this.#wake();
  }

  /** A request waits no longer. */
  leave(request: Departure): void {
    const line = this.#lines.get(request.call.origin.account);
    if (!line?.remove(request)) return;
    this.#waiting -= 1;
    if (line.size === 0) this.#forget(line);
    if (this.#waiting === 0) this.#stopTimer();
  }

  /** A request that had departed is over. */
  release(account: string): void {
    this.#lines.of(account).underWay -= 1;
    this.#underWay -= 1;
    if (this.#waiting > 0) this.#wake();
  }

  /** Why a call has not departed in all its time, if it was not for want of a connection. */
  refusalFor(call: Call<unknown>): RateLimited | undefined {
    const line = this.#lines.of(call.origin.account);
    if (!this.#total || !this.#hasConnection(line)) return undefined;
    return refusal(call, this.#total.etaMs(this.#aheadOf(line)));
  }

  /** Ends the wait of all requests of an account. */
  rejectQueued(account: string, failureFor: (call: Call<unknown>) => CallFailure): void {
    for (const request of this.#lines.get(account)?.all() ?? []) request.fail(failureFor(request.call));
  }

  #hasConnection(line: Line): boolean {
    return line.underWay < this.#options.connections - this.#underWay;
  }

  #depart(line: Line, request: Departure, place: Place | undefined): void {
    line.underWay += 1;
    this.#underWay += 1;
    request.depart(place);
  }

  #add(line: Line, request: Departure): void {
    this.#waiting += 1;
    line.add(request);
    if (line.size === 1) this.#ringOf(line).add(line);
  }

  #ringOf({ account }: Line): Set<Line> {
    return (this.#options.isKnown?.(account) ?? true) ? this.#known : this.#unknown;
  }

  /** How many would depart before another request of the line, at most. */
  #aheadOf(line: Line): number {
    const ring = this.#ringOf(line);
    if (ring === this.#unknown) return this.#waiting;
    let ahead = line.size;
    for (const other of ring) if (other !== line) ahead += Math.min(other.size, line.size + 1);
    return ahead;
  }

  #forget(line: Line): void {
    this.#known.delete(line);
    this.#unknown.delete(line);
  }

  /** A place, none if none is needed, or how long to wait for one. */
  #takePlace(): Place | undefined | number {
    if (!this.#total) return undefined;
    if (this.#isAsking) return Number.POSITIVE_INFINITY;
    const place = this.#total.take(1);
    if (!(place instanceof Promise)) return place;
    this.#isAsking = true;
    void place.then((given) => {
      this.#isAsking = false;
      this.#use(given);
    });
    return Number.POSITIVE_INFINITY;
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Looks for requests that can depart. */
  #wake(): void {
    this.#stopTimer();
    while (this.#hasNext()) {
      const place = this.#takePlace();
      if (typeof place === 'number') {
        this.#wait(place);
        return;
      }
      this.#departNext(place);
    }
  }

  #use(place: Place | number): void {
    if (typeof place === 'number') {
      this.#wait(place);
      return;
    }
    if (this.#hasNext()) this.#departNext(place);
    else place.done(0);
    this.#wake();
  }

  #wait(ms: number): void {
    // Infinity: whoever holds a place, or the answer to the question for one, wakes the queue.
    if (ms === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#wake());
  }

  #hasNext(): boolean {
    return this.#waiting > 0 && (this.#firstOf(this.#known) ?? this.#firstOf(this.#unknown)) !== undefined;
  }

  #departNext(place: Place | undefined): void {
    const known = this.#firstOf(this.#known);
    const unknown = this.#firstOf(this.#unknown);
    const line = unknown && (!known || this.#knownInARow >= UNKNOWN_EVERY - 1) ? unknown : known;
    const request = line?.next();
    if (!line || !request) return;
    this.#knownInARow = line === known ? this.#knownInARow + 1 : 0;
    this.#waiting -= 1;
    this.#endTurn(line);
    this.#depart(line, request, place);
  }

  /** To the back of the round, which is the other one if the account has become known meanwhile. */
  #endTurn(line: Line): void {
    const ring = this.#ringOf(line);
    if (line.size > 0 && ring.size === 1 && ring.has(line)) return;
    this.#forget(line);
    if (line.size > 0) ring.add(line);
  }

  /** The first line for which a connection is left. */
  #firstOf(lines: ReadonlySet<Line>): Line | undefined {
    for (const line of lines) if (this.#hasConnection(line)) return line;
    return undefined;
  }
}

function refusal(call: Call<unknown>, etaMs: number): RateLimited {
  return new RateLimited(call, Math.ceil(Math.max(1, etaMs)), { byApi: false });
}

/** What waits and what is under way for one account. */
class Line implements AccountRecord {
  readonly account: string;
  underWay = 0;
  readonly #writes = createTurns(() => new Fifo());
  readonly #reads = createTurns(() => new Fifo(isOfOlder));

  constructor(account: string) {
    this.account = account;
  }

  get size(): number {
    return this.#writes.size + this.#reads.size;
  }

  isIdle(): boolean {
    return this.underWay === 0 && this.size === 0;
  }

  add(request: Departure): void {
    (request.call.kind === 'write' ? this.#writes : this.#reads).add(request);
  }

  remove(request: Departure): boolean {
    const { size } = this;
    (request.call.kind === 'write' ? this.#writes : this.#reads).remove(request);
    return this.size < size;
  }

  next(): Departure | undefined {
    return this.#writes.next() ?? this.#reads.next();
  }

  all(): readonly Departure[] {
    return [...this.#writes.items(), ...this.#reads.items()];
  }
}

/** The callers of an account take turns here as well: where the API is slow, it is connections that are scarce. */
function createTurns(createLine: () => Fifo<Departure>) {
  return new Round<Departure, Departure>(({ call }) => call.origin.caller, createLine);
}

/** Of an operation that began sooner: it gets its last answers before others get their first ones. */
function isOfOlder({ call }: Departure, other: Departure): boolean {
  const { startedAt } = call.origin;
  const { startedAt: otherStartedAt } = other.call.origin;
  return startedAt !== undefined && otherStartedAt !== undefined && startedAt < otherStartedAt;
}
