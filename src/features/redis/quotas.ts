import type { Permit, Quota, QuotaStatus, Quotas } from '../../state/port.ts';
import { FOREGROUND_SHARE, SlidingWindowLog } from '../../state/sliding-window-log.ts';
import { WINDOW_MS } from '../../state/timed-permit.ts';
import { soon } from '../../transport/clock.ts';
import { HeldPermits } from './held-permits.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { MOST_WAIT_MS, TAKE } from './semaphore.ts';

/** When a process that could use no permit asks again, in ms. */
const SOON_MS = 10;
/** The most permits that one script takes. */
const MAX_WANTED = 50;

/** Counts the quotas of all processes together, in Redis and by its clock. */
export function createQuotasInRedis(link: RedisLink, accounts: AccountKeyspaces): Quotas {
  return {
    open(name, part, rate, onFreed) {
      if (!Number.isFinite(rate)) return new SlidingWindowLog({ rate, now: link.now, onFreed });
      const account = accounts.of(name);
      const kind = part === undefined ? '' : `-${account.encryption.name(part)}`;
      return createQuotaInRedis({ link, account, kind, rate, onFreed });
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

type Reply = [given: number, waitMs: number, used: number, resetMs: number];

function createQuotaInRedis(options: QuotaInRedisOptions): Quota {
  const { link, account, kind, rate, onFreed } = options;
  const { now } = link;
  const names = ['quota', 'asking'].map((name) => `${name}${kind}`);
  const held = new HeldPermits(link, () => run().catch(() => undefined));
  /** The quota as the store last reported it. */
  let seen = { used: 0, at: Number.NEGATIVE_INFINITY };
  /** Until then no permit is free for this process, as far as the store has told. */
  let emptyUntil = Number.NEGATIVE_INFINITY;
  /** Permits that were taken for waiting calls, which are about to ask for them. */
  const ready: Permit[] = [];
  let asking = 0;
  /** How many permits are worth asking for: calls may wait for more than this quota. */
  let usable = MAX_WANTED;
  let share: SlidingWindowLog | undefined;

  /** Runs the script of the quota. @throws when Redis is lost */
  const run = async ({ name = '', wanted = 0, kept = 0 } = {}): Promise<Reply> => {
    const times = held.times();
    const wants = [link.me, name, wanted, kept, times.own];
    const args = [rate, ...wants, ...times.args];
    const reply = (await account.run(TAKE, names, args).catch((error) => {
      held.notTold(times);
      throw error;
    })) as Reply;
    seen = { used: reply[2], at: now() };
    return reply;
  };

  /** How long this process takes no permit, because it has lost Redis, or Redis is new. */
  const silentMs = () => link.silentUntil - now();
  /** The used permits as last seen; 0 once the last look is a window ago. */
  const usedNow = () => (now() - seen.at < WINDOW_MS ? seen.used : 0);
  /** How many permits background calls leave to others. */
  const keptFree = () => Math.floor(rate * FOREGROUND_SHARE);
  /** Redis may come back sooner than the share has a permit. */
  const later = (ms: number) => (link.isLost ? Math.min(ms, MOST_WAIT_MS) : ms);

  /** The quota of this process while Redis is lost. */
  const ownShare = (): SlidingWindowLog => {
    share ??= new SlidingWindowLog({ rate: link.shareOf(rate), now, onFreed });
    return share;
  };

  const takeOwn = (waiting: number, isBackground: boolean): Permit | number => {
    const quota = ownShare();
    const permit = quota.take(waiting, isBackground);
    if (typeof permit === 'number') return later(permit);
    return {
      // Once Redis is used again, requests need its permits.
      get mayBeUsed() {
        return link.isLost && now() >= link.silentUntil;
      },
      sent() {
        link.usesShare();
        permit.sent();
      },
      answered: () => permit.answered(),
      release: () => permit.release(),
    };
  };

  /** Keeps permits for calls that ask in this turn, and gives the rest back. */
  const keepReady = (some: readonly Permit[], askedMs: number) => {
    ready.push(...some);
    const giveBack = () => {
      for (const permit of some) {
        const index = ready.indexOf(permit);
        if (index < 0) continue;
        ready.splice(index, 1)[0]?.release();
        usable = Math.max(1, usable - 1);
      }
    };
    // A call that has a permit of a part of the quota still has to ask for a permit of the account, which takes as long
    // again.
    if (kind === '') soon(link.clock, giveBack);
    else link.clock.after(2 * askedMs, giveBack);
  };

  const ask = async (size: number, kept: number): Promise<Permit | number> => {
    const wanted = Math.min(usable, size);
    const name = link.nextName();
    const askedAt = now();
    asking += 1;
    try {
      const [given, askInMs] = await run({ name, wanted, kept });
      const permits = Array.from({ length: given }, (_one, index) =>
        held.hold(`${name}.${index + 1}`, askedAt),
      );
      const [first, ...others] = permits;
      // The store may have turned out to be new, or this process may have stood still.
      if (first?.mayBeUsed === false) {
        for (const permit of permits) permit.release();
        return Math.max(SOON_MS, later(silentMs()));
      }
      usable = Math.min(MAX_WANTED, usable + permits.length);
      if (kept === 0 && given < wanted) emptyUntil = now() + askInMs;
      if (others.length > 0) keepReady(others, now() - askedAt);
      return first ?? Math.max(askInMs, silentMs());
    } catch {
      // Redis is lost. Permits of a lost answer return by themselves.
      return SOON_MS;
    } finally {
      asking -= 1;
    }
  };

  const statusOfShare = (): QuotaStatus => {
    const { remaining, resetInMs, ...status } = ownShare().status();
    return {
      ...status,
      remaining: silentMs() > 0 ? 0 : remaining,
      resetInMs: Math.max(resetInMs, silentMs()),
    };
  };

  const statusInStore = async (): Promise<QuotaStatus> => {
    const [, , used, resetMs] = await run();
    const remaining = silentMs() > 0 ? 0 : Math.max(0, rate - used);
    return { limit: rate, used, remaining, resetInMs: Math.max(resetMs, silentMs()) };
  };

  return {
    take(waiting, isBackground) {
      if (silentMs() > 0) return later(silentMs());
      if (link.isLost) return takeOwn(waiting, isBackground);
      if (isBackground) return ask(1, keptFree());
      const kept = ready.pop();
      if (kept?.mayBeUsed) return kept;
      kept?.release();
      return now() < emptyUntil ? emptyUntil - now() : ask(waiting, 0);
    },
    etaMs(ahead, isBackground = false) {
      const silence = Math.max(0, Math.min(silentMs(), 5_000));
      if (link.isLost) return Math.max(silence, ownShare().etaMs(ahead, isBackground));
      // Permits return one by one. The demand of other processes is not known.
      const most = isBackground ? rate - keptFree() : rate;
      const behind = ahead - Math.max(0, most - usedNow());
      const eachMs = WINDOW_MS / Math.max(1, rate);
      return behind < 0 ? silence : silence + (behind + 1) * eachMs;
    },
    status: () => (link.isLost ? statusOfShare() : statusInStore().catch(statusOfShare)),
    isIdle: () => asking === 0 && ready.length === 0 && held.size === 0 && (share?.isIdle() ?? true),
  };
}
