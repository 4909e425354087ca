import type { Demand, Permit, Quota, QuotaLimits, QuotaStatus, Quotas } from '../port.ts';
import { CATCH_UP_MS, createSlidingWindows, KEPT_SHARE, WINDOW_MS } from '../sliding-window-log.ts';
import { type AccountKeyspace, type AccountKeyspaces, SeenQuota } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { createHeldPermits, type HeldPermits } from './permits.ts';
import { HELD_AT_LEAST_MS, LEAVE_TURNS, QUOTA_STATUS, SLOW_DOWN, TAKE_PERMITS } from './reservation-log.ts';

/** The most permits that are asked for at once. */
const MAX_WANTED = 50;
/** The most callers that are given turns at once. */
const MAX_CALLERS = 50;
const TAKEN = { onOldView: -2 };
/** A call that nobody waits for. */
const ONE: Demand = { size: 1, byCaller: () => [] };

/** Quotas that all processes count together, in Redis and by its time; those that are local stay in memory. */
export function createQuotasInRedis(link: RedisLink, accounts: AccountKeyspaces): Quotas {
  const local = createSlidingWindows(link.now);
  return {
    open(name, part, limits, onFreed) {
      if (limits.isLocal || !Number.isFinite(limits.rate)) return local.open(name, part, limits, onFreed);
      const account = accounts.of(name);
      const kind = part === undefined ? '' : `-${account.encryption.name(part)}`;
      const openShare = (rate: number) => local.open(name, part, { ...limits, rate }, onFreed);
      return new RedisQuota({ link, account, kind, limits, onFreed, openShare });
    },
  };
}

interface RedisQuotaOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The endpoint that is limited on its own, a part of the names of its keys; empty: the account as a whole. */
  readonly kind: string;
  readonly limits: QuotaLimits;
  readonly onFreed: () => void;
  /** The quota of this process while it is degraded. */
  readonly openShare: (rate: number) => Quota;
}

/** When to look again whether this process has a share, in ms. */
const LOOK_AGAIN_MS = 1_000;

class RedisQuota implements Quota {
  readonly #options: RedisQuotaOptions;
  readonly #link: RedisLink;
  readonly #keys: Readonly<Record<'held' | 'sent' | 'pace' | 'turns' | 'waiting', string>>;
  readonly #permits: HeldPermits;
  /** Permits that were taken for calls that are about to ask. */
  #ready: Permit[] = [];
  #limit: number;
  /** That of the account as a whole is seen with its writes as well. */
  readonly #seen: SeenQuota;
  #asking = 0;
  /** The callers that stand in the store as waiting, each with its name there. */
  #listed = new Map<string, string>();
  #share: { readonly rate: number; readonly quota: Quota } | undefined;

  constructor(options: RedisQuotaOptions) {
    const { link, account, kind, limits, onFreed } = options;
    this.#options = options;
    this.#link = link;
    this.#keys = {
      held: account.key(`held${kind}`),
      sent: account.key(`sent${kind}`),
      pace: account.key(`pace${kind}`),
      turns: account.key(`turns${kind}`),
      waiting: account.key(`waiting${kind}`),
    };
    this.#permits = createHeldPermits(link, account, this.#keys, onFreed);
    this.#limit = limits.rate;
    this.#seen = kind === '' ? account.quota : new SeenQuota();
  }

  take(demand: Demand, isSpare: boolean): Permit | number | Promise<Permit | number> {
    const waitMs = this.#waitMs();
    if (waitMs > 0) return this.#later(waitMs);
    if (!this.#link.isDegraded)
      return this.#ready.pop() ?? (isSpare ? this.#ask(ONE, KEPT_SHARE) : this.#ask(demand, 0));
    const permit = this.#ownShare()?.take(demand, isSpare) ?? LOOK_AGAIN_MS;
    if (permit instanceof Promise) return permit;
    if (typeof permit === 'number') return this.#later(permit);
    return this.#permits.hold(this.#permits.nextName(), permit);
  }

  hasSpare(): boolean {
    if (this.#waitMs() > 0) return false;
    if (this.#link.isDegraded) return this.#ownShare()?.hasSpare() ?? false;
    return this.#usedNow() < this.#limit - Math.floor(this.#limit * KEPT_SHARE);
  }

  etaMs(ahead: number): number {
    const waitMs = Math.max(0, this.#waitMs());
    const share = this.#ownShare();
    if (share) return Math.max(waitMs, share.etaMs(ahead));
    // Permits become free one by one; what other processes want of them is not known.
    const behind = ahead - Math.max(0, this.#limit - this.#usedNow());
    return behind < 0 ? waitMs : waitMs + ((behind + 1) / Math.max(1, this.#limit)) * WINDOW_MS;
  }

  async slowDown(pauseMs: number): Promise<void> {
    const { rate, backoff, recoveryPerSecond } = this.#options.limits;
    this.#seen.pause(this.#link.now(), pauseMs);
    void this.#ownShare()?.slowDown(pauseMs);
    await this.#link
      .run(SLOW_DOWN, [this.#keys.pace], [pauseMs, rate, backoff, recoveryPerSecond])
      .catch(() => undefined);
  }

  status(): QuotaStatus | Promise<QuotaStatus> {
    if (this.#link.isDegraded) return this.#statusOfShare();
    return this.#statusInStore().catch(() => this.#statusOfShare());
  }

  isIdle(): boolean {
    return this.#asking === 0 && this.#ready.length === 0 && this.#permits.isEmpty() && this.#waitMs() <= 0;
  }

  async #statusInStore(): Promise<QuotaStatus> {
    const { rate, recoveryPerSecond } = this.#options.limits;
    const { held, sent, pace } = this.#keys;
    const { membership } = this.#link;
    const args = [rate, membership.reservedOf(rate), recoveryPerSecond];
    const reply = await this.#link.run(QUOTA_STATUS, [held, sent, pace, membership.instances], args);
    const [limit, used, pausedMs, resetMs] = reply as [number, number, number, number];
    const waitMs = Math.max(pausedMs, membership.quarantinedUntil - this.#link.now());
    const remaining = waitMs > 0 ? 0 : Math.max(0, limit - used);
    return { limit, used, remaining, resetInMs: Math.max(resetMs, waitMs) };
  }

  #statusOfShare(): QuotaStatus | Promise<QuotaStatus> {
    const none = { limit: 0, used: 0, remaining: 0, resetInMs: Math.max(0, this.#waitMs()) };
    return this.#ownShare()?.status() ?? none;
  }

  /** How long nothing may start, whatever is free, in ms. */
  #waitMs(): number {
    const { isDegraded, membership, now } = this.#link;
    const from = isDegraded ? membership.degradedFrom : membership.quarantinedUntil;
    return Math.max(this.#seen.pausedUntil, from) - now();
  }

  /** As was last seen; what is a window old counts no more. */
  #usedNow(): number {
    return this.#link.now() - this.#seen.usedAt < WINDOW_MS ? this.#seen.used : 0;
  }

  /** The share of this process, while it is degraded; undefined: there is none. It is kept, as the next partition may be near. */
  #ownShare(): Quota | undefined {
    const rate = this.#link.membership.shareOf(this.#options.limits.rate);
    if (!this.#link.isDegraded || rate === 0) return undefined;
    if (this.#share?.rate !== rate) this.#share = { rate, quota: this.#options.openShare(rate) };
    return this.#share.quota;
  }

  /** So many ms, or until the store is back. */
  #later(ms: number): number {
    if (this.#link.isDegraded) this.#link.whenChanged(this.#options.onFreed);
    return ms;
  }

  /** `kept`: the part of the permits that is to stay free. */
  async #ask(demand: Demand, kept: number): Promise<Permit | number> {
    const { limits, account } = this.#options;
    const { held, sent, pace, turns, waiting } = this.#keys;
    const { membership } = this.#link;
    const name = this.#permits.nextName();
    const { size } = demand;
    const wanted = Math.min(MAX_WANTED, size);
    const ids = Array.from({ length: wanted }, (_one, index) => `${name}${index + 1}`);
    const pacing = [limits.rate, membership.reservedOf(limits.rate), limits.recoveryPerSecond];
    const askedAt = this.#link.now();
    this.#asking += 1;
    try {
      const reply = await account.run(
        TAKE_PERMITS,
        [account.key('account'), held, sent, pace, membership.instances, turns, waiting],
        [...pacing, wanted, kept, CATCH_UP_MS, name, membership.viewUntil, ...this.#list(demand)],
      );
      if (reply[0] === TAKEN.onOldView) {
        await membership.beat();
        return 1;
      }
      const [taken, waitMs, limit, used, pausedMs] = reply as [number, number, number, number, number];
      // Callers that have all that they asked for wait no longer.
      if (taken >= size) this.#listed.clear();
      const now = this.#link.now();
      this.#limit = limit;
      this.#seen.note(now, used, pausedMs);
      const permits = ids.slice(0, taken).map((id) => this.#permits.hold(id));
      // The store may have turned out to be new: what was sent lately is not in it.
      const quarantineMs = this.#waitMs();
      const hasStoodStill = now - askedAt > HELD_AT_LEAST_MS / 2;
      if (quarantineMs > 0 || hasStoodStill) {
        for (const permit of permits) permit.release();
        return this.#later(Math.max(1, quarantineMs));
      }
      const first = permits.pop();
      if (first === undefined) return this.#later(waitMs);
      if (permits.length > 0) this.#keepReady(permits);
      return first;
    } catch {
      // The store is lost, and may have given them all the same.
      this.#permits.giveUp(ids);
      return 1;
    } finally {
      this.#asking -= 1;
    }
  }

  left(demand: Demand): void {
    if (this.#listed.size === 0) return;
    const gone = new Map(this.#listed);
    for (const [caller] of demand.byCaller()) gone.delete(caller);
    if (gone.size === 0) return;
    for (const caller of gone.keys()) this.#listed.delete(caller);
    const { turns, waiting } = this.#keys;
    this.#link.run(LEAVE_TURNS, [turns, waiting], [...gone.values()]).catch(() => undefined);
  }

  /** The names of the callers that wait, and how many of their calls do: 0 for those that waited when this was last asked. */
  #list(demand: Demand): (string | number)[] {
    const names = this.#listed;
    const counts = new Map([...names.values()].map((name) => [name, 0]));
    this.#listed = new Map();
    for (const [caller, count] of demand.byCaller()) {
      const name = names.get(caller) ?? this.#options.account.encryption.name(`caller ${caller}`);
      this.#listed.set(caller, name);
      counts.set(name, count);
      if (this.#listed.size === MAX_CALLERS) break;
    }
    return [...counts].flat();
  }

  /** For calls that ask in this turn: nobody else should have to wait for the rest. */
  #keepReady(permits: readonly Permit[]): void {
    this.#ready.push(...permits);
    setImmediate(() => {
      for (const permit of this.#ready.splice(0)) permit.release();
    });
  }
}
