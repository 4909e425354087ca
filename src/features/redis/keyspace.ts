import { LRUCache } from 'lru-cache';
import type { Argument, LuaScript } from './client.ts';
import { createEncryption } from './encryption.ts';
import type { RedisLink } from './link.ts';

export type AccountKeyspace = ReturnType<typeof createAccountKeyspace>;

/** An account's part of the store. */
function createAccountKeyspace(account: string, link: RedisLink) {
  const encryption = createEncryption(account, link.random);
  const { tag } = encryption;
  return {
    encryption,
    /** A name that is the same in each store: of a channel, or of the place to which a value belongs. */
    place: (name: string) => link.place(tag, name),
    /** Runs a script on the account's values of these names. @throws as `run` of the link does. */
    run: (script: LuaScript, names: readonly string[], args: readonly Argument[]) =>
      link.run(script, tag, names, args),
  };
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
