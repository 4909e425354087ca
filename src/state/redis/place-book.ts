import type { Place } from '../port.ts';
import { UNANSWERED_LAG_MS, WINDOW_MS } from '../sliding-window-log.ts';
import { RENEW_PLACES, SETTLE_PLACES } from './lua/settle-places.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount } from './store-account.ts';

export interface PlaceBookOptions {
  readonly link: RedisLink;
  readonly account: StoreAccount;
  /** The keys of the places that are held, and of those that were used. */
  readonly held: string;
  readonly sent: string;
  readonly keepMs: number;
  readonly onFreed: () => void;
}

/** How long a place is held for a process that has ended, in ms. */
const LEASE_MS = 5_000;
const RENEW_EVERY_MS = 1_500;

/** The places that this process has of one quota. What becomes of them it tells the store, all of one turn together. */
export class PlaceBook {
  readonly leaseMs = LEASE_MS;
  readonly #options: PlaceBookOptions;
  /** Those that wait for their request to be sent. */
  readonly #unsent = new Set<StorePlace>();
  #settled: { readonly id: string; readonly arrivedAt: number }[] = [];
  #isTelling = false;
  #count = 0;
  #renewing: NodeJS.Timeout | undefined;

  constructor(options: PlaceBookOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#unsent.size === 0 && this.#settled.length === 0;
  }

  now(): number {
    return this.#options.link.now();
  }

  nextName(): string {
    this.#count += 1;
    return `${this.#options.link.instance}.${this.#count}.`;
  }

  /** A place that the store gave; its lease runs from no earlier than `askedAt`. */
  hold(id: string, askedAt: number): Place {
    const place = new StorePlace(this, id, askedAt);
    this.#unsent.add(place);
    this.#renewing ??= setInterval(() => this.#renew(), RENEW_EVERY_MS).unref();
    return place;
  }

  noteSent(place: StorePlace): void {
    this.#unsent.delete(place);
    this.#stopRenewing();
  }

  /** -Infinity: nothing was sent. */
  settle(place: StorePlace, arrivedAt: number): void {
    if (this.#unsent.delete(place)) this.#stopRenewing();
    this.#settled.push({ id: place.id, arrivedAt });
    this.#tellLater();
  }

  #tellLater(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    const { link, account, held, sent, keepMs, onFreed } = this.#options;
    const settled = this.#settled;
    this.#settled = [];
    const now = link.now();
    const facts = settled.flatMap(({ id, arrivedAt }) => [
      id,
      arrivedAt === Number.NEGATIVE_INFINITY ? -1 : Math.max(0, now - arrivedAt),
    ]);
    try {
      await link.run(SETTLE_PLACES, [account.key('account'), held, sent], [keepMs, ...facts]);
      this.#isTelling = false;
      if (this.#settled.length > 0) this.#tellLater();
      if (settled.some(({ arrivedAt }) => arrivedAt === Number.NEGATIVE_INFINITY)) onFreed();
    } catch {
      this.#isTelling = false;
      // Their leases end by themselves; until then, the store may come back.
      const known = settled.filter(({ arrivedAt }) => arrivedAt > now - LEASE_MS);
      this.#settled = [...known, ...this.#settled].slice(-MAX_SETTLED);
      if (this.#settled.length > 0) link.whenChanged(() => this.#tellLater());
    }
  }

  #renew(): void {
    const { link, held } = this.#options;
    const ids = [...this.#unsent].filter(({ takenAt }) => this.now() - takenAt > RENEW_EVERY_MS);
    if (ids.length === 0) return;
    link.run(RENEW_PLACES, [held], [LEASE_MS, ...ids.map(({ id }) => id)]).catch(() => undefined);
  }

  #stopRenewing(): void {
    if (this.#unsent.size > 0) return;
    clearInterval(this.#renewing);
    this.#renewing = undefined;
  }
}

const MAX_SETTLED = 1_000;

class StorePlace implements Place {
  readonly id: string;
  readonly takenAt: number;
  readonly #book: PlaceBook;
  #sentAt: number | undefined;
  #isDone = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(book: PlaceBook, id: string, takenAt: number) {
    this.#book = book;
    this.id = id;
    this.takenAt = takenAt;
  }

  sent(): void {
    if (this.#sentAt !== undefined || this.#isDone) return;
    const sentAt = this.#book.now();
    this.#sentAt = sentAt;
    this.#book.noteSent(this);
    // One that takes longer than a window has arrived long ago.
    this.#timer = setTimeout(() => this.#end(sentAt + UNANSWERED_LAG_MS), WINDOW_MS + UNANSWERED_LAG_MS);
    this.#timer.unref();
  }

  done(arrivedMsAgo: number): void {
    this.#end(this.#sentAt === undefined ? Number.NEGATIVE_INFINITY : this.#book.now() - arrivedMsAgo);
  }

  #end(arrivedAt: number): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#book.settle(this, arrivedAt);
  }
}
