import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ENTER_ACCOUNT } from './lua/enter-account.ts';
import type { LuaScript } from './lua/lua.ts';
import type { Argument } from './redis-connection.ts';
import type { RedisLink } from './redis-link.ts';
import { Vault } from './vault.ts';

/** How long an account is in the store that was only asked about: anybody can make up a key. */
const ENTERED_MS = 10_000;
const TRIES = 3;

/** An account's part of the store: all its keys have one hash tag, so that a cluster keeps them together. */
export class StoreAccount {
  readonly vault: Vault;
  /** How many places of its quota are used, as was last seen, and when. */
  used = 0;
  usedAt = Number.NEGATIVE_INFINITY;
  pausedUntil = Number.NEGATIVE_INFINITY;
  readonly #link: RedisLink;

  constructor(account: string, link: RedisLink) {
    this.vault = new Vault(account);
    this.#link = link;
  }

  key(kind: string): string {
    return `${this.#link.prefix}:{${this.vault.tag}}:${kind}`;
  }

  /**
   * Runs a script of which the first key is the account's and the first argument the epoch. Where the account is not in the
   * store, it is new there, or the store is: then it is entered, and the script runs again. @throws when the store is lost.
   */
  async run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown[]> {
    for (let tries = 1; ; tries += 1) {
      const reply = (await this.#link.run(script, keys, [this.#link.epoch, ...args])) as unknown[];
      if (reply[0] !== -1) return reply;
      if (tries === TRIES) throw new Error('the store forgets what it is told');
      await this.#link.look();
      await this.#link.run(
        ENTER_ACCOUNT,
        [this.key('account'), this.key('writes'), this.key('doubts')],
        [this.#link.epoch, randomBytes(9).toString('base64url'), ENTERED_MS],
      );
    }
  }

  /** Notes how many places are used, and how long the account pauses. */
  note(used: number, pausedMs: number): void {
    const now = this.#link.now();
    this.used = used;
    this.usedAt = now;
    this.pausedUntil = pausedMs > 0 ? now + pausedMs : Number.NEGATIVE_INFINITY;
  }
}

const MAX_ACCOUNTS = 1_000;

/** The accounts that are in use; those that are not go. */
export class StoreAccounts {
  readonly #link: RedisLink;
  readonly #accounts = new LRUCache<string, StoreAccount>({ max: MAX_ACCOUNTS });

  constructor(link: RedisLink) {
    this.#link = link;
  }

  of(name: string): StoreAccount {
    let account = this.#accounts.get(name);
    if (!account) {
      account = new StoreAccount(name, this.#link);
      this.#accounts.set(name, account);
    }
    return account;
  }
}
