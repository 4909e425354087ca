import { LRUCache } from 'lru-cache';
import { createEncryption } from './encryption.ts';
import type { RedisLink } from './link.ts';

export type AccountKeyspace = ReturnType<typeof createAccountKeyspace>;

/** An account's part of the store. */
function createAccountKeyspace(account: string, link: RedisLink) {
  const encryption = createEncryption(account, link.random, link.rejected);
  return {
    encryption,
    quota: new SeenQuota(),
    key: (kind: string) => link.key(kind, encryption.tag),
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

  pause(now: number, ms: number): void {
    if (ms > 0) this.pausedUntil = Math.max(this.pausedUntil, now + ms);
  }
}

const MAX_ACCOUNTS = 1_000;

export type AccountKeyspaces = ReturnType<typeof createAccountKeyspaces>;

/** The keyspaces of the accounts in use. Evicts the least recently used. */
export function createAccountKeyspaces(link: RedisLink) {
  const accounts = new LRUCache<string, AccountKeyspace>({
    max: MAX_ACCOUNTS,
    memoMethod: (name) => createAccountKeyspace(name, link),
  });
  return { of: (name: string) => accounts.memo(name) };
}
