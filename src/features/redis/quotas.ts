import { Arrivals, LONGEST_WAY_MS } from '../../state/arrivals.ts';
import { whenKnown } from '../../state/maybe-promise.ts';
import type { Demand, Permit, Quota, QuotaLimits, QuotaStatus, Quotas } from '../../state/port.ts';
import { createSlidingWindows, KEPT_SHARE, WINDOW_MS } from '../../state/sliding-window-log.ts';
import { soon } from '../../transport/clock.ts';
import { type AccountKeyspace, type AccountKeyspaces, SeenQuota } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { createHeldPermits, type FactsForStore } from './permits.ts';
import {
  emptyQuota,
  HELD_AT_LEAST_MS,
  isQuota,
  keptMs,
  leaveTurns,
  pause,
  type QuotaRecord,
  quotaOfEpoch,
  settle,
  slowDown,
  statusAt,
  storedQuota,
  take,
  usedAt,
} from './quota-record.ts';
import { createRecordInRedis, TooLate } from './record-store.ts';

/** The most permits that are asked for at once. */
const MAX_WANTED = 50;
/** The most callers that are given turns at once. */
const MAX_CALLERS = 50;
/** Redis reports whole ms, and answers never take equally long. */
const UNNOTICED_GAIN_MS = 2;
/** A call that no client waits for. */
const ONE: Demand = { size: 1, byCaller: () => [] };
/** For how long a call waits for a permit at most, in ms. */
const WAITS_AT_MOST_MS = 30_000;
/** When to look again whether this process has a share, in ms. */
const LOOK_AGAIN_MS = 1_000;
/** When to look again whether requests have arrived, in ms. */
const LOOK_SOON_MS = 50;

/** Quotas that all processes count together, in Redis and by its time; those that are local stay in memory. */
export function createQuotasInRedis(link: RedisLink, accounts: AccountKeyspaces): Quotas {
  const arrivals = new Arrivals(link.now);
  const local = createSlidingWindows(link.now, arrivals);
  return {
    open(name, part, limits, onFreed) {
      if (limits.isLocal || !Number.isFinite(limits.rate)) return local.open(name, part, limits, onFreed);
      const account = accounts.of(name);
      const kind = part === undefined ? '' : `-${account.encryption.name(part)}`;
      const openShare = (rate: number) => {
        const own = rate < 1 ? { rate: 1, windowSeconds: Math.round(1 / rate) } : { rate };
        return local.open(name, part, { ...limits, ...own }, onFreed);
      };
      return createQuotaInRedis({ link, account, kind, limits, arrivals, onFreed, openShare });
    },
  };
}

interface QuotaInRedisOptions {
  readonly link: RedisLink;
  readonly account: AccountKeyspace;
  /** The endpoint that is limited on its own, a part of the names of its keys; empty: the account as a whole. */
  readonly kind: string;
  readonly limits: QuotaLimits;
  readonly arrivals: Arrivals;
  readonly onFreed: () => void;
  /** The quota of this process while it is degraded. */
  readonly openShare: (rate: number) => Quota;
}

interface UpdateOptions {
  readonly facts?: FactsForStore;
  readonly by?: () => number;
  readonly touchMs?: number;
}

/** How many permits are used and until when the API asks for a pause, for the scripts that read an account's writes. */
function summaryOf(quota: QuotaRecord, now: number): string {
  return `${usedAt(quota, now)} ${quota.pausedUntil}`;
}

function createQuotaInRedis(options: QuotaInRedisOptions): Quota {
  const { link, account, kind, limits, arrivals, onFreed, openShare } = options;
  const { membership, now } = link;
  const { rate, backoff, recoveryPerSecond } = limits;
  const record = createRecordInRedis<QuotaRecord>({
    link,
    key: account.key(`quota${kind}`),
    touched: account.key('account'),
    encryption: account.encryption,
    keepMs: keptMs,
    stored: storedQuota,
    summarize: summaryOf,
    isRecord: isQuota,
    // It is not known what was sent lately.
    replacement: (time) => pause(emptyQuota(membership.epoch), time, WINDOW_MS + LONGEST_WAY_MS),
  });
  const rules = () => ({ rate, reserved: membership.reservedOf(rate), recoveryPerSecond });

  /**
   * Changes the quota. Where the record is missing or of another epoch, the store may be new: asks for its epoch first. A record
   * that then has yet another epoch may be newer than the answer. The fates of permits are told along with the change.
   * @throws when the store is lost; TooLate.
   */
  const update = async <T>(
    change: (quota: QuotaRecord, time: number) => { readonly record: QuotaRecord; readonly result: T },
    { facts = permits.facts(), ...options }: UpdateOptions = {},
  ): Promise<T> => {
    const touchMs = Math.max(options.touchMs ?? 0, facts.isOfSent ? account.keepMs : 0);
    try {
      for (let older: { readonly epoch: string | undefined } | undefined; ; ) {
        const done = await record.update<{ readonly value: T } | { readonly epoch: string | undefined }>(
          (found, time) => {
            const isKnown = found?.epoch === membership.epoch;
            if (!isKnown && !(older && older.epoch === found?.epoch))
              return { record: found, result: { epoch: found?.epoch } };
            const quota = isKnown ? found : quotaOfEpoch(membership.epoch, found);
            const before = settle(quota, time, facts.now());
            const changed = change(before, time);
            return { record: changed.record, result: { value: changed.result } };
          },
          { ...options, touchMs },
        );
        if ('value' in done) {
          facts.done();
          return done.value;
        }
        older = done;
        await membership.beat();
      }
    } catch (error) {
      facts.failed();
      throw error;
    }
  };
  const change = (make: (quota: QuotaRecord, time: number) => QuotaRecord) =>
    update((found, time) => ({ record: make(found, time), result: undefined }));
  const publish = (facts: FactsForStore) =>
    update((found) => ({ record: found, result: undefined }), { facts }).catch(() => undefined);
  const permits = createHeldPermits(link, arrivals, publish, onFreed);
  /** The quota of the account as a whole is seen with its writes as well. */
  const seen = kind === '' ? account.quota : new SeenQuota();
  /** Permits that were taken for calls that somebody waits for, and that are about to ask. */
  const ready: Permit[] = [];
  let limit = rate;
  let asking = 0;
  /** The callers that stand in the store as waiting, each with its name there. */
  let listed = new Map<string, string>();
  let share: { readonly rate: number; readonly quota: Quota } | undefined;

  /** How long nothing may start, whatever is free, in ms. */
  const waitMs = () => {
    const from = link.isDegraded ? membership.degradedFrom : membership.quarantinedUntil;
    return Math.max(seen.pausedUntil, from) - now();
  };

  /** As was last seen; what is a window old counts no more. */
  const usedNow = () => (now() - seen.usedAt < WINDOW_MS ? seen.used : 0);

  /** The share of this process, while it is degraded; undefined: there is none. It is kept, as the next partition may be near. */
  const ownShare = () => {
    const own = membership.shareOf(rate);
    if (!link.isDegraded || own === 0) return undefined;
    if (share?.rate === own) return share.quota;
    // Requests of the share before, of another size, may yet arrive: a new one would not count them.
    if (permits.mayCount()) return undefined;
    share = { rate: own, quota: openShare(own) };
    return share.quota;
  };

  /** So many ms, or until the store is back. */
  const later = (ms: number) => {
    if (link.isDegraded) link.whenChanged(onFreed);
    return ms;
  };

  /** The names of the callers that wait, and how many of their calls do: 0 for those that waited when this was last asked. */
  const list = (demand: Demand) => {
    const names = listed;
    const counts = new Map([...names.values()].map((name) => [name, 0]));
    listed = new Map();
    for (const [caller, count] of demand.byCaller()) {
      const name = names.get(caller) ?? account.encryption.name(`caller ${caller}`);
      listed.set(caller, name);
      counts.set(name, count);
      if (listed.size === MAX_CALLERS) break;
    }
    return [...counts];
  };

  /** For calls that ask in this turn: nobody else should have to wait for the rest. */
  const keepReady = (some: readonly Permit[]) => {
    ready.push(...some);
    soon(link.clock, () => {
      for (const permit of ready.splice(0)) permit.release();
    });
  };

  /** `kept`: the part of the permits that is to stay free. */
  const ask = async (demand: Demand, kept: number): Promise<Permit | number> => {
    const name = permits.nextName();
    const { size } = demand;
    const wanted = Math.min(MAX_WANTED, size);
    const ids = Array.from({ length: wanted }, (_one, index) => `${name}${index + 1}`);
    const askedAt = now();
    const gainedMs = membership.clock.gainedMs(askedAt);
    const callers = list(demand);
    asking += 1;
    try {
      const answer = await update(
        (found, time) =>
          take(found, time, {
            ...rules(),
            ...{ wanted, kept, name, callers },
            gainedMs: membership.clock.gainedMs(now()),
            mayHold: membership.mayHold,
          }),
        { by: () => membership.viewUntil, touchMs: WAITS_AT_MOST_MS },
      );
      const { taken, askInMs, used, pausedMs } = answer;
      // Callers that have all that they asked for wait no longer.
      if (taken >= size) listed.clear();
      limit = answer.limit;
      seen.note(now(), used, pausedMs);
      const given = ids.slice(0, taken).map((id) => permits.hold(id));
      // The store may have turned out to be new: what was sent lately is not in it.
      const quarantineMs = waitMs();
      const hasStoodStill = now() - askedAt > HELD_AT_LEAST_MS / 2;
      // Requests that were sent before have counted for too short a time.
      const hasGained = membership.clock.gainedMs(now()) - gainedMs > UNNOTICED_GAIN_MS;
      if (given.length > 0 && (quarantineMs > 0 || hasStoodStill || hasGained)) {
        // Asks again before it gives them back: so its callers wait in the store, and others cannot take the permits before them.
        const again = quarantineMs > 0 ? later(quarantineMs) : await ask(demand, kept);
        for (const permit of given) permit.release();
        return again;
      }
      const first = given.pop();
      if (first === undefined) return later(Math.max(askInMs, quarantineMs));
      if (given.length > 0) keepReady(given);
      return first;
    } catch (error) {
      if (error instanceof TooLate) {
        await membership.beat().catch(() => undefined);
        return link.isDegraded ? 1 : ask(demand, kept);
      }
      // The store is lost, and may have given them all the same.
      permits.giveUp(ids);
      return 1;
    } finally {
      asking -= 1;
    }
  };

  const statusOfShare = () => {
    const pauseMs = Math.max(0, waitMs());
    const none = { limit: 0, used: 0, remaining: 0, resetInMs: pauseMs };
    return whenKnown(ownShare()?.status() ?? none, ({ remaining, resetInMs, ...status }) => ({
      ...status,
      remaining: pauseMs > 0 ? 0 : remaining,
      resetInMs: Math.max(resetInMs, pauseMs),
    }));
  };

  const statusInStore = async (): Promise<QuotaStatus> => {
    const status = await update((found, time) => ({
      record: found,
      result: statusAt(found, time, rules(), membership.mayHold),
    }));
    const { limit, used, pausedMs, resetMs } = status;
    const pauseMs = Math.max(pausedMs, membership.quarantinedUntil - now());
    const remaining = pauseMs > 0 ? 0 : Math.max(0, limit - used);
    return { limit, used, remaining, resetInMs: Math.max(resetMs, pauseMs) };
  };

  return {
    take(demand, isSpare) {
      const pauseMs = waitMs();
      if (pauseMs > 0) return later(pauseMs);
      if (!link.isDegraded) return isSpare ? ask(ONE, KEPT_SHARE) : (ready.pop() ?? ask(demand, 0));
      // The network to the API is cut as well: what waits in it has used the share.
      if (permits.mayCountInStore()) return later(LOOK_SOON_MS);
      const permit = ownShare()?.take(demand, isSpare) ?? LOOK_AGAIN_MS;
      if (permit instanceof Promise) return permit;
      if (typeof permit === 'number') return later(permit);
      link.notWhenChanged(onFreed);
      return permits.hold(permits.nextName(), permit);
    },
    left(demand) {
      if (link.isDegraded && demand.size === 0) link.notWhenChanged(onFreed);
      if (listed.size === 0) return;
      const gone = new Map(listed);
      for (const [caller] of demand.byCaller()) gone.delete(caller);
      if (gone.size === 0) return;
      for (const caller of gone.keys()) listed.delete(caller);
      const names = [...gone.values()];
      change((found, time) => leaveTurns(found, time, names)).catch(() => undefined);
    },
    hasSpare() {
      if (waitMs() > 0) return false;
      if (link.isDegraded) return ownShare()?.hasSpare() ?? false;
      return usedNow() < limit - Math.floor(limit * KEPT_SHARE);
    },
    etaMs(ahead) {
      const pauseMs = Math.max(0, waitMs());
      const own = ownShare();
      if (own) return Math.max(pauseMs, own.etaMs(ahead));
      // Permits become free one by one; what other processes want of them is not known.
      const behind = ahead - Math.max(0, limit - usedNow());
      return behind < 0 ? pauseMs : pauseMs + ((behind + 1) / Math.max(1, limit)) * WINDOW_MS;
    },
    async pause(pauseMs) {
      seen.pause(now(), pauseMs);
      void ownShare()?.pause(pauseMs);
      await change((found, time) => pause(found, time, pauseMs)).catch(() => undefined);
    },
    async slowDown() {
      void ownShare()?.slowDown();
      await change((found, time) => slowDown(found, time, { ...rules(), backoff })).catch(() => undefined);
    },
    status: () => (link.isDegraded ? statusOfShare() : statusInStore().catch(statusOfShare)),
    isIdle: () => asking === 0 && ready.length === 0 && permits.isEmpty() && waitMs() <= 0,
  };
}
