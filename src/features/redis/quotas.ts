import type { Outlook, Permit, Quota, QuotaStatus, Quotas } from '../../state/port.ts';
import { FOREGROUND_SHARE, SlidingWindowLog } from '../../state/sliding-window-log.ts';
import { WINDOW_MS } from '../../state/timed-permit.ts';
import { HeldPermits } from './held-permits.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { MOST_WAIT_MS, RETURN, TAKE } from './semaphore.ts';

/** When a process that could use no permit asks again, in ms. */
const SOON_MS = 10;
/** The longest pause that an estimate counts with, in ms. */
const LONGEST_PAUSE_MS = 5_000;

/** Counts the quotas of all processes together, in Redis and by its clock. */
export function createQuotasInRedis(link: RedisLink, accounts: AccountKeyspaces): Quotas {
  return {
    open(name, part, rate, onFreed) {
      if (!Number.isFinite(rate)) return new SlidingWindowLog({ rate, now: link.now, onFreed });
      const account = accounts.of(name);
      const kind = part === undefined ? '' : `-${account.encryption.name(part)}`;
      return new QuotaInRedis({ link, account, kind, rate, onFreed });
    },
  };
}

interface QuotaInRedisOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** Part of the key names; empty: the quota of the account. */
  readonly kind: string;
  readonly rate: number;
  readonly onFreed: () => void;
}

class QuotaInRedis implements Quota {
  readonly #link: RedisLink;
  readonly #account: AccountKeyspace;
  readonly #kind: string;
  readonly #rate: number;
  /** How many permits a background call leaves to others. */
  readonly #reserved: number;
  /** The quota of this process while Redis is lost. */
  readonly #share: SlidingWindowLog;
  readonly #held: HeldPermits;
  /** The used permits as the store last reported them. */
  #seen = { used: 0, at: Number.NEGATIVE_INFINITY };
  #asking = 0;

  constructor({ link, account, kind, rate, onFreed }: QuotaInRedisOptions) {
    this.#link = link;
    this.#account = account;
    this.#kind = kind;
    this.#rate = rate;
    this.#reserved = Math.floor(rate * FOREGROUND_SHARE);
    this.#share = new SlidingWindowLog({ rate: link.shareOf(rate), now: link.now, onFreed });
    this.#held = new HeldPermits(link, () => this.#return().catch(() => undefined));
  }

  take(isBackground: boolean): Permit | number | Promise<Permit | number> {
    if (this.#silentMs > 0) return this.#later(this.#silentMs);
    return this.#link.isLost ? this.#takeOwn(isBackground) : this.#ask(isBackground ? this.#reserved : 0);
  }

  outlook(): Outlook {
    const nextInMs = Math.max(0, Math.min(this.#silentMs, LONGEST_PAUSE_MS));
    if (this.#link.isLost) {
      const own = this.#share.outlook();
      return { ...own, nextInMs: Math.max(nextInMs, own.nextInMs) };
    }
    const { used, at } = this.#seen;
    return { limit: this.#rate, used: this.#link.now() - at < WINDOW_MS ? used : 0, nextInMs };
  }

  async status(): Promise<QuotaStatus> {
    const inStore = this.#link.isLost ? undefined : await this.#return().catch(() => undefined);
    const status = inStore ?? this.#share.status();
    const silentMs = Math.max(0, this.#silentMs);
    return {
      ...status,
      remaining: silentMs > 0 ? 0 : status.remaining,
      resetInMs: Math.max(status.resetInMs, silentMs),
    };
  }

  isIdle(): boolean {
    return this.#asking === 0 && this.#held.size === 0 && this.#share.isIdle();
  }

  /** How long this process takes no permit, because it has lost Redis, or Redis is new. */
  get #silentMs(): number {
    return this.#link.silentUntil - this.#link.now();
  }

  /** Redis may come back sooner than the share has a permit. */
  #later(ms: number): number {
    return this.#link.isLost ? Math.min(ms, MOST_WAIT_MS) : ms;
  }

  #takeOwn(isBackground: boolean): Permit | number {
    const link = this.#link;
    const permit = this.#share.take(isBackground);
    if (typeof permit === 'number') return this.#later(permit);
    return {
      // Once Redis is used again, requests need its permits.
      get mayBeUsed() {
        return link.isLost && link.now() >= link.silentUntil;
      },
      sent() {
        link.usesShare();
        permit.sent();
      },
      answered: () => permit.answered(),
      release: () => permit.release(),
    };
  }

  async #ask(reserved: number): Promise<Permit | number> {
    const link = this.#link;
    const name = link.nextName();
    const askedAt = link.now();
    this.#asking += 1;
    try {
      const names = [`quota${this.#kind}`, `asking${this.#kind}`];
      const args = [this.#rate, link.me, name, reserved, this.#held.inUse];
      const reply = await this.#account.run(TAKE, names, args);
      const [isGiven, askInMs, used] = reply as [number, number, number];
      this.#seen = { used, at: link.now() };
      if (isGiven === 0) return Math.max(askInMs, this.#silentMs);
      const permit = this.#held.hold(name, askedAt);
      if (permit.mayBeUsed) return permit;
      // The store may have turned out to be new, or this process may have stood still.
      permit.release();
      return Math.max(SOON_MS, this.#later(this.#silentMs));
    } catch {
      // Redis is lost. A permit of a lost answer returns by itself.
      return SOON_MS;
    } finally {
      this.#asking -= 1;
    }
  }

  /** Tells the store when permits return. @throws when Redis is lost */
  async #return(): Promise<QuotaStatus> {
    const news = this.#held.takeNews();
    const reply = await this.#account.run(RETURN, [`quota${this.#kind}`], news.args).catch((error) => {
      this.#held.notTold(news);
      throw error;
    });
    const [used, resetInMs] = reply as [number, number];
    this.#seen = { used, at: this.#link.now() };
    return { limit: this.#rate, used, remaining: Math.max(0, this.#rate - used), resetInMs };
  }
}
