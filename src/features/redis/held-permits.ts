import { type Arrivals, UNKNOWN_MS } from '../../state/arrivals.ts';
import type { Permit } from '../../state/port.ts';
import { RequestPermit } from '../../state/request-permit.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import type { RedisLink } from './link.ts';
import { PERMIT_LEASE_MS } from './semaphore.ts';

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
  /** The permits that `args` names. */
  readonly permits: readonly HeldPermit[];
}

/**
 * The permits of one quota that this process has taken, until they return. The next script of the quota tells the store when each
 * returns: one second after its request has arrived. If no script comes soon, `tell` does.
 */
export class HeldPermits {
  readonly link: RedisLink;
  readonly arrivals: Arrivals;
  arrivalMs = 0;
  readonly #tell: () => Promise<unknown>;
  readonly #held = new Set<HeldPermit>();
  /** Permits with news that the store has not heard. */
  readonly #untold = new Set<RequestPermit>();
  #timer: { readonly at: number; callOff(): void } | undefined;

  constructor(link: RedisLink, arrivals: Arrivals, tell: () => Promise<unknown>) {
    this.link = link;
    this.arrivals = arrivals;
    this.#tell = tell;
  }

  /** How many permits have not returned. While Redis is there, a permit counts until Redis knows that it has returned. */
  get size(): number {
    const { isLost, now } = this.link;
    this.#drop();
    if (!isLost) return this.#held.size;
    return [...this.#held].filter((permit) => returnsIn(permit, now()) > 0).length;
  }

  /** Takes a permit that the store gave at `takenAt`. */
  hold(name: string, takenAt: number): Permit {
    const permit = new HeldPermit(this, name, takenAt);
    this.#held.add(permit);
    this.#tellWithin(RENEW_MS);
    return permit;
  }

  changed(permit: RequestPermit): void {
    // The store keeps the permit of a request that may not have arrived yet.
    if (isUncertain(permit, this.link.now())) return;
    this.#untold.add(permit);
    // Another process may be waiting for a permit that is given back.
    this.#tellWithin(permit.arrivedBy === Number.NEGATIVE_INFINITY ? 1 : TELL_WITHIN_MS);
  }

  /** The news for the store, which the next script must tell. */
  times(): PermitTimes {
    this.#drop();
    const now = this.link.now();
    const args: (string | number)[] = [];
    const permits: HeldPermit[] = [];
    let own = 0;
    for (const permit of this.#held) {
      const returnsInMs = Math.max(0, Math.ceil(returnsIn(permit, now)));
      if (returnsInMs > 0) own += 1;
      if (!this.#isDue(permit, now)) continue;
      args.push(permit.name, returnsInMs);
      permits.push(permit);
      permit.toldAt = now;
    }
    this.#untold.clear();
    return { args, own, permits };
  }

  /** The script has failed, so the next one tells the same again. */
  notTold({ permits }: PermitTimes): void {
    for (const permit of permits) {
      this.#held.add(permit);
      this.#untold.add(permit);
    }
  }

  #isDue(permit: HeldPermit, now: number): boolean {
    return this.#untold.has(permit) || (permit.arrivedBy > now && now - permit.toldAt >= RENEW_MS / 2);
  }

  /** Sets when the store hears of the permits at the latest. */
  #tellWithin(ms: number): void {
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
    const { isLost, isClosed, now } = this.link;
    this.#drop();
    if (isClosed || this.#held.size === 0) return;
    if (!isLost && [...this.#held].some((permit) => this.#isDue(permit, now()))) await this.#tell();
    this.#tellWithin(RENEW_MS);
  }

  /** Forgets permits that have returned, once the store knows. */
  #drop(): void {
    const now = this.link.now();
    for (const permit of this.#held)
      if (returnsIn(permit, now) <= 0 && !this.#untold.has(permit)) this.#held.delete(permit);
  }
}

class HeldPermit extends RequestPermit {
  readonly #link: RedisLink;
  readonly name: string;
  readonly #takenAt: number;
  toldAt: number;

  constructor(held: HeldPermits, name: string, takenAt: number) {
    super(held);
    this.#link = held.link;
    this.name = name;
    this.#takenAt = takenAt;
    this.toldAt = takenAt;
  }

  override get mayBeUsed(): boolean {
    const now = this.#link.now();
    return !this.#link.isLost && now - this.#takenAt < USABLE_MS && now >= this.#link.silentUntil;
  }
}

/** Whether nothing is known about the arrival of the permit's request. */
function isUncertain({ arrivedBy, sentAt }: RequestPermit, now: number): boolean {
  return arrivedBy > now && arrivedBy >= sentAt + UNKNOWN_MS;
}

/** In how many ms the permit returns. As long as the request may not have arrived, the lease is renewed. */
function returnsIn(permit: RequestPermit, now: number): number {
  return isUncertain(permit, now) ? PERMIT_LEASE_MS : permit.arrivedBy + WINDOW_MS - now;
}
