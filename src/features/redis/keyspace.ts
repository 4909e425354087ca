import { LRUCache } from 'lru-cache';
import { MAX_PAUSE_MS } from '../../transport/scheduler/account-quotas.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
import { createEncryption } from './encryption.ts';
import type { RedisLink } from './link.ts';

/** Adds an account that the store does not have in this epoch. Its new name makes older cache entries invalid. */
const ENTER_ACCOUNT = lua('account writes doubts', 'epoch name keep_ms')`
if redis.call('HGET', account, 'epoch') == epoch then return 0 end
redis.call('DEL', account, writes, doubts)
redis.call('HSET', account, 'epoch', epoch, 'name', name, 'writes', 0, 'forgotten', 0)
redis.call('PEXPIRE', account, keep_ms)
return 1`;

/** How long the store keeps an account without writes, in ms. Short, as callers can make up keys. */
export const ENTERED_MS = 10_000;
const TRIES = 3;

export type AccountKeyspace = ReturnType<typeof createAccountKeyspace>;

/**
 * An account's part of the store. All its keys have one hash tag, so that a cluster keeps them together.
 * @param keepMs - how long the store remembers the account's calls and writes: longer than any cache entry or call lasts
 */
function createAccountKeyspace(account: string, link: RedisLink, keepMs: number) {
  const { membership } = link;
  const encryption = createEncryption(account, link.random, link.rejected);
  const key = (kind: string) => link.key(kind, encryption.tag);
  return {
    encryption,
    quota: new SeenQuota(),
    keepMs,
    key,
    /**
     * Runs a script whose first key is the account's and whose first argument is the epoch. If the store does not have the
     * account, adds the account and runs the script again. @throws when the store is lost, or does not keep the account.
     */
    async run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown[]> {
      for (let tries = 1; ; tries += 1) {
        const reply = (await link.run(script, keys, [membership.epoch, ...args])) as unknown[];
        if (reply[0] !== -1) return reply;
        if (tries === TRIES) throw new Error('the store does not keep what is written');
        await membership.beat();
        const entered = [membership.epoch, membership.nextName(), ENTERED_MS];
        await link.run(ENTER_ACCOUNT, [key('account'), key('writes'), key('doubts')], entered);
      }
    },
  };
}

/** A quota as the store last reported it. */
export class SeenQuota {
  used = 0;
  usedAt = Number.NEGATIVE_INFINITY;
  pausedUntil = Number.NEGATIVE_INFINITY;

  note(now: number, used: number, pausedMs: number): void {
    this.used = used;
    this.usedAt = now;
    this.pause(now, pausedMs);
  }

  /** A store whose clock was set back may report a pause that is too long. */
  pause(now: number, ms: number): void {
    if (ms > 0 && ms <= MAX_PAUSE_MS) this.pausedUntil = Math.max(this.pausedUntil, now + ms);
  }
}

const MAX_ACCOUNTS = 1_000;

export type AccountKeyspaces = ReturnType<typeof createAccountKeyspaces>;

/** The keyspaces of the accounts in use. Evicts the least recently used. */
export function createAccountKeyspaces(link: RedisLink, keepMs: number) {
  const accounts = new LRUCache<string, AccountKeyspace>({
    max: MAX_ACCOUNTS,
    memoMethod: (name) => createAccountKeyspace(name, link, keepMs),
  });
  return { of: (name: string) => accounts.memo(name) };
}
