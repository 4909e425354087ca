import { LRUCache } from 'lru-cache';
import { MAX_PAUSE_MS } from '../../transport/scheduler/account-quotas.ts';
import type { Argument, LuaScript } from './client.ts';
import { createEncryption } from './encryption.ts';
import type { RedisLink } from './link.ts';

/** How long the store keeps an account without writes, in ms. Short, as callers can make up keys. */
export const ENTERED_MS = 10_000;

/**
 * The part of a script that adds an account, if the store does not have the account in this epoch. The account's new name
 * makes older cache entries invalid. Without a new name, the script replies -1: the epoch may be over.
 */
export const ENTER_ACCOUNT = `
  if new_name == '' then return { -1 } end
  redis.call('DEL', account, writes, doubts)
  redis.call('HSET', account, 'epoch', epoch, 'name', new_name, 'writes', 0, 'forgotten', 0)
  redis.call('PEXPIRE', account, ${ENTERED_MS})
`;

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
     * Runs a script whose first arguments are the epoch and the account's new name. If the store does not have the account,
     * checks the epoch, and lets the script add the account. @throws when the store is lost.
     */
    async run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown[]> {
      const runAs = async (newName: string) =>
        (await link.run(script, keys, [membership.epoch, newName, ...args])) as unknown[];
      const reply = await runAs('');
      if (reply[0] !== -1) return reply;
      await membership.beat();
      return runAs(membership.nextName());
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
