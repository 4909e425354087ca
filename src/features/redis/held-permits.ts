import type { Permit } from '../../state/port.ts';
import { TimedPermit } from '../../state/timed-permit.ts';
import { type RedisLink, USABLE_MS } from './link.ts';
import { PERMIT_LEASE_MS } from './semaphore.ts';

/** The store hears of a permit within this time, in ms, with the other news: the permit stays taken for longer anyway. */
const TELL_WITHIN_MS = 400;

/** What the store has to hear. */
interface PermitNews {
  readonly permits: readonly HeldPermit[];
  /** For each permit its name, and in how many ms it returns. */
  readonly args: readonly (string | number)[];
}

/**
 * The permits of one quota that this process has taken, until they return. `tell` tells the store when each returns, some time
 * after the first news.
 */
export class HeldPermits {
  readonly #link: RedisLink;
  readonly #tell: () => Promise<unknown>;
  readonly #held = new Set<HeldPermit>();
  /** Permits with news that the store has not heard. */
  readonly #untold = new Set<HeldPermit>();
  #timer: { readonly at: number; callOff(): void } | undefined;

  constructor(link: RedisLink, tell: () => Promise<unknown>) {
    this.#link = link;
    this.#tell = tell;
  }

  /** How many permits have not returned, as far as the store knows. */
  get size(): number {
    this.#drop();
    return this.#held.size;
  }

  /** How many permits this process has that have not returned. */
  get inUse(): number {
    this.#drop();
    const now = this.#link.now();
    return [...this.#held].filter(({ returnsAt }) => returnsAt > now).length;
  }

  /** Takes a permit that the store gave at `takenAt`. */
  hold(name: string, takenAt: number): Permit {
    const permit = new HeldPermit(this.#link, name, takenAt, () => {
      this.#untold.add(permit);
      // Another process may be waiting for a permit that is given back.
      this.#tellWithin(permit.returnsAt === Number.NEGATIVE_INFINITY ? 1 : TELL_WITHIN_MS);
    });
    this.#held.add(permit);
    return permit;
  }

  /** The news for the store, which the caller has to tell. */
  takeNews(): PermitNews {
    this.#drop();
    const now = this.#link.now();
    const permits = [...this.#untold];
    this.#untold.clear();
    const args = permits.flatMap(({ name, returnsAt }) => [name, Math.max(0, Math.ceil(returnsAt - now))]);
    return { args, permits };
  }

  /** The store may not have heard of the news, which are told again. */
  notTold({ permits }: PermitNews): void {
    for (const permit of permits) this.#untold.add(permit);
    this.#tellWithin(TELL_WITHIN_MS);
  }

  /** Sets when the store hears of the permits at the latest. */
  #tellWithin(ms: number): void {
    const { clock, now, isClosed } = this.#link;
    const at = now() + ms;
    if (isClosed || (this.#timer && this.#timer.at <= at)) return;
    this.#timer?.callOff();
    const look = () => {
      this.#timer = undefined;
      this.#drop();
      if (this.#untold.size === 0) return;
      if (this.#link.isLost) this.#tellWithin(TELL_WITHIN_MS);
      else void this.#tell();
    };
    this.#timer = { at, callOff: clock.after(ms, look) };
  }

  /** Forgets permits that have returned: the store knows, or their lease has ended there. */
  #drop(): void {
    const now = this.#link.now();
    for (const permit of this.#untold)
      if (Math.max(permit.takenAt + PERMIT_LEASE_MS, permit.returnsAt) <= now) this.#untold.delete(permit);
    for (const permit of this.#held)
      if (permit.returnsAt <= now && !this.#untold.has(permit)) this.#held.delete(permit);
  }
}

class HeldPermit extends TimedPermit {
  readonly #link: RedisLink;
  readonly name: string;
  readonly takenAt: number;

  constructor(link: RedisLink, name: string, takenAt: number, onChange: () => void) {
    super(link.now, onChange);
    this.#link = link;
    this.name = name;
    this.takenAt = takenAt;
  }

  override get mayBeUsed(): boolean {
    const now = this.#link.now();
    return !this.#link.isLost && now - this.takenAt < USABLE_MS && now >= this.#link.silentUntil;
  }
}
