import { type Arrivals, type Departure, UNKNOWN_MS } from '../../state/arrivals.ts';
import type { Permit } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import type { RedisLink } from './link.ts';
import { LEASE_MS } from './semaphore.ts';

/** A permit that is older is not used for a request, in ms. */
const USABLE_MS = 500;
/** How long an arrival may wait for the next script, in ms: its permit stays taken for longer anyway. */
const TELL_WITHIN_MS = 400;
/**
 * How often the store hears of a permit whose request may not have arrived yet, in ms. A new store hears of it before the silence
 * ends.
 */
const RENEW_MS = 500;

/** Permits with new times for the store. */
interface PermitTimes {
  /** For each permit its name, and in how many ms it returns. */
  readonly args: readonly (string | number)[];
  /** How many permits this process then has. */
  readonly own: number;
  /** Called when the store has them. */
  done(): void;
}

/**
 * The permits of one quota that this process has taken, until they return. The next script of the quota tells the store when each
 * returns: one second after its request has arrived. If no script comes soon, `tell` does.
 */
export class HeldPermits {
  readonly link: RedisLink;
  readonly arrivals: Arrivals;
  /** How long a request takes to arrive, in ms, as far as answers tell; smoothed. */
  arrivalMs = 0;
  readonly #tell: () => Promise<unknown>;
  readonly #held = new Map<string, HeldPermit>();
  #timer: { readonly at: number; callOff(): void } | undefined;

  constructor(link: RedisLink, arrivals: Arrivals, tell: () => Promise<unknown>) {
    this.link = link;
    this.arrivals = arrivals;
    this.#tell = tell;
  }

  get size(): number {
    this.#drop();
    return this.#held.size;
  }

  /** Takes a permit that the store gave at `takenAt`. */
  hold(name: string, takenAt: number): Permit {
    const permit = new HeldPermit(this, name, takenAt);
    this.#held.set(name, permit);
    this.tellWithin(RENEW_MS);
    return permit;
  }

  /** Gives back permits that the store may have given in a lost answer. */
  giveBack(names: readonly string[], takenAt: number): void {
    for (const name of names) this.hold(name, takenAt).release();
  }

  times(): PermitTimes {
    this.#drop();
    const now = this.link.now();
    const told: { readonly permit: HeldPermit; readonly news: number }[] = [];
    const args: (string | number)[] = [];
    let own = 0;
    for (const permit of this.#held.values()) {
      const returnsInMs = Math.max(0, Math.ceil(permit.returnsInMs(now)));
      if (returnsInMs > 0) own += 1;
      const isSettled = permit.isOver || permit.arrivedBy <= now;
      const isDue = !isSettled && now - permit.toldAt >= RENEW_MS / 2;
      if (permit.news === 0 && !isDue) continue;
      args.push(permit.name, returnsInMs);
      told.push({ permit, news: permit.news });
    }
    return {
      args,
      own,
      done: () => {
        for (const { permit, news } of told) {
          permit.toldAt = now;
          if (permit.news === news) permit.news = 0;
        }
        if (this.#held.size > 0) this.tellWithin(this.#hasNews() ? TELL_WITHIN_MS : RENEW_MS);
      },
    };
  }

  /** Sets when the store hears of the permits at the latest. */
  tellWithin(ms: number): void {
    const { clock, now } = this.link;
    const at = now() + ms;
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.callOff();
    const look = () => {
      this.#timer = undefined;
      void this.#look();
    };
    this.#timer = { at, callOff: clock.after(ms, look) };
  }

  async #look(): Promise<void> {
    const { isLost, isClosed } = this.link;
    if (isClosed || this.size === 0) return;
    if (!isLost && this.times().args.length > 0) await this.#tell();
    if (this.size > 0) this.tellWithin(RENEW_MS);
  }

  #hasNews(): boolean {
    for (const { news } of this.#held.values()) if (news > 0) return true;
    return false;
  }

  /** Forgets permits that have returned, once the store knows. A store that is lost need not know. */
  #drop(): void {
    const { isLost } = this.link;
    const now = this.link.now();
    for (const permit of this.#held.values())
      if ((permit.news === 0 || isLost) && permit.returnsInMs(now) <= 0) this.#held.delete(permit.name);
  }
}

class HeldPermit implements Permit, Departure {
  readonly #held: HeldPermits;
  readonly name: string;
  readonly #takenAt: number;
  /** Counts what the store does not know yet. */
  news = 0;
  toldAt: number;
  /** Whether it was given back without a request. */
  isOver = false;
  #isSent = false;
  sentAt = 0;
  wayMs = 0;
  arrivedBy = Number.POSITIVE_INFINITY;

  constructor(held: HeldPermits, name: string, takenAt: number) {
    this.#held = held;
    this.name = name;
    this.#takenAt = takenAt;
    this.toldAt = takenAt;
  }

  get mayBeUsed(): boolean {
    const { link } = this.#held;
    const now = link.now();
    return !link.isLost && now - this.#takenAt < USABLE_MS && now >= link.silentUntil;
  }

  /** In how many ms the permit returns. As long as the request may not have arrived, the lease is renewed. */
  returnsInMs(now: number): number {
    if (this.isOver) return 0;
    const isUnknown = this.arrivedBy > now && this.arrivedBy >= this.sentAt + UNKNOWN_MS;
    return isUnknown ? LEASE_MS : this.arrivedBy + WINDOW_MS - now;
  }

  sent(): void {
    if (this.#isSent || this.isOver) return;
    this.#isSent = true;
    this.#held.arrivals.sent(this);
  }

  answered(): void {
    if (!this.#isSent) return;
    this.#held.arrivalMs += (this.#held.arrivals.answered(this) - this.#held.arrivalMs) / 8;
    this.learnt();
  }

  learnt(): void {
    this.news += 1;
    this.#held.tellWithin(TELL_WITHIN_MS);
  }

  release(): void {
    if (this.#isSent) this.#held.arrivals.abandoned(this);
    if (this.#isSent || this.isOver) return;
    this.isOver = true;
    this.news += 1;
    // Another process may be waiting for it.
    this.#held.tellWithin(1);
  }
}
