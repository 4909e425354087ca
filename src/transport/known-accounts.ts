import { LRUCache } from 'lru-cache';

const MAX_REMEMBERED = 10_000;

/** The accounts whose key the API has accepted. Keys that somebody makes up never come in, so they push no other out. */
export class KnownAccounts {
  readonly #accounts = new LRUCache<string, true>({ max: MAX_REMEMBERED });

  has(account: string): boolean {
    return this.#accounts.has(account);
  }

  add(account: string): void {
    this.#accounts.set(account, true);
  }
}
