import type { Place, Quota, QuotaLimits, QuotaStatus, Quotas } from '../port.ts';
import { CATCH_UP_MS, createSlidingWindows, KEPT_SHARE, WINDOW_MS } from '../sliding-window-log.ts';
import { QUOTA_STATUS } from './lua/quota-status.ts';
import { SLOW_DOWN } from './lua/slow-down.ts';
import { TAKE_PLACES } from './lua/take-places.ts';
import { PlaceBook } from './place-book.ts';
import type { RedisLink } from './redis-link.ts';
import type { StoreAccount, StoreAccounts } from './store-account.ts';

export interface RedisQuotasOptions {
  readonly link: RedisLink;
  readonly accounts: StoreAccounts;
  /** For how many ms an account is remembered that has made a call. */
  readonly keepMs: number;
}

/** The most places that are asked for at once. */
const MAX_WANTED = 50;

/** Quotas that all processes count together, in Redis and by its time; those that are local stay in memory. */
export function createQuotasInRedis({ link, accounts, keepMs }: RedisQuotasOptions): Quotas {
  const local = createSlidingWindows(link.now);
  return {
    open(name, limits, onFreed) {
      const [accountName = '', ...part] = name.split(' ');
      if (limits.isLocal || !Number.isFinite(limits.rate)) return local.open(name, limits, onFreed);
      const account = accounts.of(accountName);
      const kind = part.length > 0 ? `-${account.vault.name(part.join(' '))}` : '';
      const alone = () => {
        const rate = link.shareOf(limits.rate);
        return rate > 0 ? local.open(name, { ...limits, rate }, onFreed) : undefined;
      };
      return new RedisQuota({ link, account, kind, limits, onFreed, keepMs, alone });
    },
  };
}

interface RedisQuotaOptions {
  readonly link: RedisLink;
  readonly account: StoreAccount;
  /** What is limited on its own: a part of the names of its keys; empty: the account as a whole. */
  readonly kind: string;
  readonly limits: QuotaLimits;
  readonly onFreed: () => void;
  readonly keepMs: number;
  /** This process's share, for as long as the store is lost; undefined: nobody knows it. */
  readonly alone: () => Quota | undefined;
}

/** How long until the share of nobody knows how much is looked at again. */
const LOOK_AGAIN_MS = 1_000;

class RedisQuota implements Quota {
  readonly #options: RedisQuotaOptions;
  readonly #link: RedisLink;
  readonly #keys: { readonly held: string; readonly sent: string; readonly pace: string };
  readonly #book: PlaceBook;
  /** Places that were taken for calls that are about to ask. */
  #ready: Place[] = [];
  #limit: number;
  #used = 0;
  #usedAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #asking = 0;
  #alone: { readonly loss: number; readonly quota: Quota | undefined } | undefined;

  constructor(options: RedisQuotaOptions) {
    const { link, account, kind, limits, keepMs, onFreed } = options;
    this.#options = options;
    this.#link = link;
    this.#keys = {
      held: account.key(`held${kind}`),
      sent: account.key(`sent${kind}`),
      pace: account.key(`pace${kind}`),
    };
    this.#book = new PlaceBook({ link, account, ...this.#keys, keepMs, onFreed });
    this.#limit = limits.rate;
  }

  take(waiting: number): Place | number | Promise<Place | number> {
    return this.#take(waiting, 0);
  }

  takeSpare(): Place | number | Promise<Place | number> {
    return this.#take(1, KEPT_SHARE);
  }

  hasSpare(): boolean {
    if (this.#waitMs() > 0) return false;
    if (this.#link.loss > 0) return this.#aloneQuota()?.hasSpare() ?? false;
    return this.#usedNow() < this.#limit - Math.floor(this.#limit * KEPT_SHARE);
  }

  etaMs(ahead: number): number {
    const waitMs = Math.max(0, this.#waitMs());
    const alone = this.#link.loss > 0 ? this.#aloneQuota() : undefined;
    if (alone) return Math.max(waitMs, alone.etaMs(ahead));
    // Places become free one by one; what other processes want of them is not known.
    const behind = ahead - Math.max(0, this.#limit - this.#usedNow());
    return behind < 0 ? waitMs : waitMs + ((behind + 1) / Math.max(1, this.#limit)) * WINDOW_MS;
  }

  async slowDown(pauseMs: number): Promise<void> {
    const { rate, backoff, recoveryPerSecond } = this.#options.limits;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#link.now() + pauseMs);
    void this.#aloneQuota()?.slowDown(pauseMs);
    await this.#link
      .run(SLOW_DOWN, [this.#keys.pace], [pauseMs, rate, backoff, recoveryPerSecond])
      .catch(() => undefined);
  }

  status(): QuotaStatus | Promise<QuotaStatus> {
    if (this.#link.loss > 0) return this.#aloneStatus();
    return this.#statusInStore().catch(() => this.#aloneStatus());
  }

  isIdle(): boolean {
    return this.#asking === 0 && this.#ready.length === 0 && this.#book.isEmpty && this.#waitMs() <= 0;
  }

  async #statusInStore(): Promise<QuotaStatus> {
    const { rate, recoveryPerSecond } = this.#options.limits;
    const { held, sent, pace } = this.#keys;
    const args = [rate, this.#link.keptOf(rate), recoveryPerSecond];
    const reply = await this.#link.run(QUOTA_STATUS, [held, sent, pace], args);
    const [limit, used, pausedMs, resetMs] = reply as [number, number, number, number];
    const waitMs = Math.max(pausedMs, this.#link.silentUntil - this.#link.now());
    const remaining = waitMs > 0 ? 0 : Math.max(0, limit - used);
    return { limit, used, remaining, resetInMs: Math.max(resetMs, waitMs) };
  }

  #aloneStatus(): QuotaStatus | Promise<QuotaStatus> {
    const none = { limit: 0, used: 0, remaining: 0, resetInMs: Math.max(0, this.#waitMs()) };
    return this.#aloneQuota()?.status() ?? none;
  }

  /** How long nothing may start, whatever is free, in ms. */
  #waitMs(): number {
    const { loss, silentUntil, aloneFrom } = this.#link;
    const { account, kind } = this.#options;
    const paused = kind === '' ? Math.max(this.#pausedUntil, account.pausedUntil) : this.#pausedUntil;
    return Math.max(paused, loss > 0 ? aloneFrom : silentUntil) - this.#link.now();
  }

  /** As was last seen; what is a window old counts no more. */
  #usedNow(): number {
    const { account, kind } = this.#options;
    const isNewer = kind === '' && account.usedAt > this.#usedAt;
    const [used, at] = isNewer ? [account.used, account.usedAt] : [this.#used, this.#usedAt];
    return this.#link.now() - at < WINDOW_MS ? used : 0;
  }

  #aloneQuota(): Quota | undefined {
    const { loss } = this.#link;
    if (loss === 0) return undefined;
    if (this.#alone?.loss !== loss) this.#alone = { loss, quota: this.#options.alone() };
    return this.#alone.quota;
  }

  #take(waiting: number, kept: number): Place | number | Promise<Place | number> {
    const waitMs = this.#waitMs();
    if (waitMs > 0) return this.#later(waitMs);
    if (this.#link.loss > 0) {
      const alone = this.#aloneQuota();
      const place = (kept > 0 ? alone?.takeSpare() : alone?.take(waiting)) ?? LOOK_AGAIN_MS;
      return typeof place === 'number' ? this.#later(place) : place;
    }
    return this.#ready.pop() ?? this.#ask(Math.min(MAX_WANTED, waiting), kept);
  }

  /** So many ms, or until the store is back: then all is otherwise. */
  #later(ms: number): number {
    if (this.#link.loss > 0) this.#link.whenChanged(this.#options.onFreed);
    return ms;
  }

  async #ask(wanted: number, kept: number): Promise<Place | number> {
    const { limits, account } = this.#options;
    const { held, sent, pace } = this.#keys;
    const name = this.#book.nextName();
    const kind = [limits.rate, this.#link.keptOf(limits.rate), limits.recoveryPerSecond];
    const askedAt = this.#link.now();
    this.#asking += 1;
    try {
      const reply = await account.run(
        TAKE_PLACES,
        [account.key('account'), held, sent, pace],
        [...kind, wanted, kept, CATCH_UP_MS, name, this.#book.leaseMs, this.#link.viewUntil],
      );
      if (reply[0] === -2) {
        await this.#link.look();
        return 1;
      }
      const [taken, waitMs, limit, used, pausedMs] = reply as [number, number, number, number, number];
      const now = this.#link.now();
      this.#limit = limit;
      this.#used = used;
      this.#usedAt = now;
      if (pausedMs > 0) this.#pausedUntil = now + pausedMs;
      const places = Array.from({ length: taken }, (_one, index) =>
        this.#book.hold(`${name}${index + 1}`, askedAt),
      );
      const silentMs = this.#waitMs();
      const isLate = now - askedAt > this.#book.leaseMs / 2;
      if (silentMs > 0 || isLate) {
        // The store has turned out to be new, and what was sent lately is not in it; or this process stood still.
        for (const place of places) place.done(0);
        return this.#later(Math.max(1, silentMs));
      }
      const first = places.pop();
      if (first === undefined) return this.#later(waitMs);
      if (places.length > 0) this.#keepReady(places);
      return first;
    } catch {
      // The store is lost: the next question finds that out.
      return 1;
    } finally {
      this.#asking -= 1;
    }
  }

  /** For who asks in this turn; nobody else should have to wait for the rest. */
  #keepReady(places: readonly Place[]): void {
    this.#ready.push(...places);
    setImmediate(() => {
      for (const place of this.#ready.splice(0)) place.done(0);
    });
  }
}
