import { Arrivals, LONGEST_WAY_MS } from '../../state/arrivals.ts';
import { whenKnown } from '../../state/maybe-promise.ts';
import type { Demand, Permit, Quota, QuotaRules, QuotaStatus, Quotas } from '../../state/port.ts';
import { createSlidingWindows, FOREGROUND_SHARE, WINDOW_MS } from '../../state/sliding-window-log.ts';
import { soon } from '../../transport/clock.ts';
import { type AccountKeyspace, type AccountKeyspaces, SeenQuota } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { createHeldPermits, type FactsForStore } from './permits.ts';
import {
  afterSetBack,
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
import { createRecordInRedis, parsedObject, TooLate } from './record-store.ts';

/** The most permits that one change of the store asks for. */
const MAX_WANTED = 50;
/** The most callers that this process lists in the store. */
const MAX_CALLERS = 50;
/** Each change of a busy quota carries the names of all waiting callers. A name of 48 bits is unique among 200 callers. */
const CALLER_NAME_LENGTH = 8;
/** A gain up to this, in ms, may be an error of measurement: Redis reports whole ms, and round trips vary. */
const UNNOTICED_GAIN_MS = 2;
/** The demand of one background call, which no client waits for. */
const ONE: Demand = { size: 1, byCaller: () => [] };
/** The longest time that a call waits for a permit, in ms. */
const WAITS_AT_MOST_MS = 30_000;
/** When to check again whether this process has a share, in ms. */
const LOOK_AGAIN_MS = 1_000;
/** When to check again whether requests have arrived, in ms. */
const LOOK_SOON_MS = 50;

/** Counts the quotas of all processes together, in Redis and by its clock. Local quotas stay in memory. */
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
  /** Part of the key names of an endpoint with its own quota; empty: the quota of the account. */
  readonly kind: string;
  readonly limits: QuotaRules;
  readonly arrivals: Arrivals;
  readonly onFreed: () => void;
  /** Opens the quota that this process uses while it is degraded. */
  readonly openShare: (rate: number) => Quota;
}

interface UpdateOptions {
  readonly facts?: FactsForStore;
  readonly by?: () => number;
  readonly touchMs?: number;
}

/** The kind that is reported for a record of the wrong form. */
const OF_OTHER_FORM = 'record';

function createQuotaInRedis(options: QuotaInRedisOptions): Quota {
  const { link, account, kind, limits, arrivals, onFreed, openShare } = options;
  const { membership, now } = link;
  const { rate, backoff, recoveryPerSecond } = limits;
  const key = account.key(`quota${kind}`);
  const record = createRecordInRedis<QuotaRecord>({
    link,
    key,
    touched: account.key('account'),
    isTimed: true,
    fields: ['value'],
    read([sealed], storedAt, time) {
      if (!sealed?.length) return undefined;
      const text = account.encryption.open(sealed, key);
      const value = text === undefined ? undefined : parsedObject(text);
      if (value && isQuota(value)) return storedQuota(value as QuotaRecord, storedAt);
      if (text !== undefined) link.rejected(OF_OTHER_FORM);
      // The lost record may have counted recent requests: pauses until these no longer count.
      return pause(emptyQuota(membership.epoch), time, WINDOW_MS + LONGEST_WAY_MS);
    },
    // The script that reads an account's writes replies the summary: the used permits, and the end of the API's pause.
    write: (quota, time) => [
      ...['value', account.encryption.seal(JSON.stringify(quota), key, false)],
      ...['summary', `${usedAt(quota, time)} ${quota.pausedUntil}`],
    ],
    keepMs: keptMs,
    stored: storedQuota,
  });
  const rules = () => ({ rate, reserved: membership.reservedOf(rate), recoveryPerSecond });

  /**
   * Changes the quota, and tells the store the fates of permits with the same change.
   * If the record is missing or has another epoch, the store may be new: asks for its epoch first. If the next record has a
   * third epoch, it may be newer than that answer: asks again.
   * @throws when the store is lost; TooLate.
   */
  const update = async <T>(
    change: (quota: QuotaRecord, time: number) => { readonly record: QuotaRecord; readonly result: T },
    { facts = permits.facts(), ...options }: UpdateOptions = {},
  ): Promise<T> => {
    const touchMs = Math.max(options.touchMs ?? 0, facts.hasSentRequest ? account.keepMs : 0);
    try {
      for (let older: { readonly epoch: string | undefined } | undefined; ; ) {
        const done = await record.update<{ readonly value: T } | { readonly epoch: string | undefined }>(
          (found, time) => {
            const isKnown = found?.epoch === membership.epoch;
            if (!isKnown && !(older && older.epoch === found?.epoch))
              return { record: found, result: { epoch: found?.epoch } };
            const quota = isKnown ? found : quotaOfEpoch(membership.epoch, found);
            const before = settle(afterSetBack(quota, time), time, facts.now());
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
  /** The last known use of this quota. Answers to the account's writes report the account's quota as well. */
  const seen = kind === '' ? account.quota : new SeenQuota();
  /** Permits that were taken for waiting calls, which are about to ask for them. */
  const ready: Permit[] = [];
  let limit = rate;
  let asking = 0;
  /** The callers that the store lists as waiting, each with its name there. */
  let listed = new Map<string, string>();
  let share: { readonly rate: number; readonly quota: Quota } | undefined;

  /** For how many ms no call may start, even if permits are free. */
  const waitMs = () => {
    const from = link.isDegraded ? membership.degradedFrom : membership.quarantinedUntil;
    return Math.max(seen.pausedUntil, from) - now();
  };

  /** The used permits as last seen; 0 once the last look is a window ago. */
  const usedNow = () => (now() - seen.usedAt < WINDOW_MS ? seen.used : 0);

  /** The quota of this process while it is degraded; undefined: it has no share. Kept for the next partition. */
  const ownShare = () => {
    const own = membership.shareOf(rate);
    if (!link.isDegraded || own === 0) return undefined;
    if (share?.rate === own) return share.quota;
    // Requests of the previous share may still arrive, and a quota of another size would not count them.
    if (permits.mayCount()) return undefined;
    share = { rate: own, quota: openShare(own) };
    return share.quota;
  };

  /** Returns `ms`. While degraded, `onFreed` is called sooner if the store comes back. */
  const later = (ms: number) => {
    if (link.isDegraded) link.whenChanged(onFreed);
    return ms;
  };

  /** The names of the waiting callers, each with its number of calls. A caller that no longer waits gets 0 once. */
  const list = (demand: Demand) => {
    const names = listed;
    const counts = new Map([...names.values()].map((name) => [name, 0]));
    listed = new Map();
    for (const [caller, count] of demand.byCaller()) {
      const name =
        names.get(caller) ?? account.encryption.name(`caller ${caller}`).slice(0, CALLER_NAME_LENGTH);
      listed.set(caller, name);
      counts.set(name, count);
      if (listed.size === MAX_CALLERS) break;
    }
    return [...counts];
  };

  /**
   * Keeps permits for calls that ask in this turn. Releases the rest, so that other processes need not wait. `askedMs`: how
   * long the store took. A call with a permit of a part then asks for a permit of the account, which takes as long again.
   */
  const keepReady = (some: readonly Permit[], askedMs: number) => {
    ready.push(...some);
    const giveBack = () => {
      for (const permit of some) {
        const index = ready.indexOf(permit);
        if (index >= 0) ready.splice(index, 1)[0]?.release();
      }
    };
    if (kind === '') soon(link.clock, giveBack);
    else link.clock.after(2 * askedMs, giveBack);
  };

  /** `kept`: the share of the permits that stays free. */
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
      // Callers with all their permits no longer wait.
      if (taken >= size) listed.clear();
      limit = answer.limit;
      seen.note(now(), used, pausedMs);
      const given = ids.slice(0, taken).map((id) => permits.hold(id));
      // The store may have turned out to be new: it does not know the recent requests.
      const quarantineMs = waitMs();
      const hasStoodStill = now() - askedAt > HELD_AT_LEAST_MS / 2;
      // Requests that were sent earlier have counted for too short a time.
      const hasGained = membership.clock.gainedMs(now()) - gainedMs > UNNOTICED_GAIN_MS;
      if (given.length > 0 && (quarantineMs > 0 || hasStoodStill || hasGained)) {
        // Asks again before it returns these permits. The store then lists its callers as waiting, so others cannot take the
        // permits first.
        const again = quarantineMs > 0 ? later(quarantineMs) : await ask(demand, kept);
        for (const permit of given) permit.release();
        return again;
      }
      const first = given.pop();
      if (first === undefined) return later(Math.max(askInMs, quarantineMs));
      if (given.length > 0) keepReady(given, now() - askedAt);
      return first;
    } catch (error) {
      if (error instanceof TooLate) {
        await membership.beat().catch(() => undefined);
        return link.isDegraded ? 1 : ask(demand, kept);
      }
      // The store is lost, and may have given the permits in an answer that was lost.
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
    take(demand, isBackground) {
      const pauseMs = waitMs();
      if (pauseMs > 0) return later(pauseMs);
      if (!link.isDegraded)
        return isBackground ? ask(ONE, FOREGROUND_SHARE) : (ready.pop() ?? ask(demand, 0));
      // The network to the API may be cut as well: requests under way in it count against the share.
      if (permits.mayCountInStore()) return later(LOOK_SOON_MS);
      const permit = ownShare()?.take(demand, isBackground) ?? LOOK_AGAIN_MS;
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
    hasBackgroundPermit() {
      if (waitMs() > 0) return false;
      if (link.isDegraded) return ownShare()?.hasBackgroundPermit() ?? false;
      return usedNow() < limit - Math.floor(limit * FOREGROUND_SHARE);
    },
    etaMs(ahead) {
      const pauseMs = Math.max(0, waitMs());
      const own = ownShare();
      if (own) return Math.max(pauseMs, own.etaMs(ahead));
      // Permits become free one by one. The demand of other processes is not known.
      const behind = ahead - Math.max(0, limit - usedNow());
      const eachMs = (WINDOW_MS + permits.arrivalMs()) / Math.max(1, limit);
      return behind < 0 ? pauseMs : pauseMs + (behind + 1) * eachMs;
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
