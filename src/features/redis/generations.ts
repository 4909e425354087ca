import { createGenerationsInMemory } from '../../state/memory.ts';
import type { Generation, Generations } from '../../state/port.ts';
import { AccountWrites, EVERY_RESOURCE, hasWorked, NOTE_WRITE } from './account-writes.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/**
 * Counts writes in the store. Also counts this process's writes in memory, for when the store is lost. Publishes writes that the
 * store has missed once the store is back.
 * @param keepMs - how long the store remembers a write: longer than any cache entry from before it is kept
 */
export function createGenerationsInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  keepMs: number,
): Generations {
  const own = createGenerationsInMemory();
  let known = new WeakMap<AccountKeyspace, AccountWrites>();
  link.onReset(() => {
    known = new WeakMap();
  });
  const writesOf = (account: AccountKeyspace): AccountWrites => {
    const writes = known.get(account) ?? new AccountWrites(account, link);
    known.set(account, writes);
    return writes;
  };
  /** Counts a write in the store, under the names that the resources have there. @throws when the store is lost */
  const note = (account: AccountKeyspace, names: readonly string[]) =>
    account.run(NOTE_WRITE, ['writes'], [keepMs, ...names]);
  const missed = new MissedWrites(link, (account) => note(account, [EVERY_RESOURCE]));

  return {
    snapshot(name) {
      const account = accounts.of(name);
      const ofProcess = own.snapshot();
      /** The writes that this snapshot has already read from the store. */
      let asked: AccountWrites | undefined;

      const readLost = (resource: string): Generation => {
        const stored = writesOf(account).read(resource);
        const { number } = ofProcess.read(resource);
        return { number: number === 0 ? stored.number : `${stored.number}-${number}`, isLost: true };
      };

      return {
        read(resource) {
          if (link.isLost) return readLost(resource);
          const writes = writesOf(account);
          if (asked === writes) return writes.read(resource);
          return writes.refresh().then((isKnown) => {
            if (!isKnown) return readLost(resource);
            asked = writes;
            return writes.read(resource);
          });
        },
        async wrote(resources) {
          // Later reads of the operation must show this write, so they ask the store again.
          asked = undefined;
          // Counts the write in memory too: the store may be lost before this process reads the count back.
          ofProcess.wrote(resources);
          const names = resources.map((resource) => account.encryption.name(resource));
          const isNoted = !link.isLost && (names.length === 0 || (await hasWorked(note(account, names))));
          if (!isNoted) missed.add(account);
          return isNoted;
        },
      };
    },
  };
}

/** With more accounts, a new store begins instead. Callers can make up keys. */
const MAX_MISSED = 1_000;

/**
 * The accounts with writes that the store has missed. They are published before the store is used again, as one write to every
 * resource of the account.
 */
class MissedWrites {
  readonly #link: RedisLink;
  readonly #note: (account: AccountKeyspace) => Promise<unknown>;
  readonly #missed = new Set<AccountKeyspace>();
  #areTooMany = false;

  constructor(link: RedisLink, note: (account: AccountKeyspace) => Promise<unknown>) {
    this.#link = link;
    this.#note = note;
    // If the store is lost again, they are published the next time.
    link.returnsAfter(() => (this.#missed.size === 0 && !this.#areTooMany ? undefined : this.#publish()));
  }

  add(account: AccountKeyspace): void {
    this.#missed.add(account);
    if (this.#missed.size <= MAX_MISSED) return;
    this.#missed.clear();
    this.#areTooMany = true;
  }

  async #publish(): Promise<void> {
    if (this.#areTooMany) await this.#link.beginStore();
    this.#areTooMany = false;
    for (const account of this.#missed) {
      // A write that ends while this one is under way must be published again.
      this.#missed.delete(account);
      try {
        await this.#note(account);
      } catch (error) {
        this.add(account);
        throw error;
      }
    }
  }
}
