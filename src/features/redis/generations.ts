import { createGenerationsInMemory } from '../../state/memory.ts';
import type { Generation, Generations } from '../../state/port.ts';
import { type AccountWrites, createAccountWrites, EVERY_RESOURCE, NOTE_WRITE } from './account-writes.ts';
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
    const writes = known.get(account) ?? createAccountWrites(account, link);
    known.set(account, writes);
    return writes;
  };
  /** Counts a write in the store, under the names that the resources have there. @throws when the store is lost */
  const note = (account: AccountKeyspace, names: readonly string[]) =>
    account.run(NOTE_WRITE, ['writes'], [keepMs, ...names]);
  const missed = createMissedWrites(link, (account) => note(account, [EVERY_RESOURCE]));

  return {
    snapshot(name) {
      const account = accounts.of(name);
      const alone = own.snapshot();
      /** The writes that this snapshot has already read from the store. */
      let asked: AccountWrites | undefined;

      const readAlone = (resource: string): Generation => {
        const stored = writesOf(account).read(resource);
        const { number } = alone.read(resource);
        return { number: number === 0 ? stored.number : `${stored.number}-${number}`, isAlone: true };
      };

      return {
        read(resource) {
          if (link.isLost) return readAlone(resource);
          const writes = writesOf(account);
          if (asked === writes) return writes.read(resource);
          return writes.refresh().then((isKnown) => {
            if (!isKnown) return readAlone(resource);
            asked = writes;
            return writes.read(resource);
          });
        },
        async wrote(resources) {
          // Later reads of the operation must show this write, so they ask the store again.
          asked = undefined;
          // Counts the write in memory too: the store may be lost before this process reads the count back.
          alone.wrote(resources);
          const names = resources.map((resource) => account.encryption.name(resource));
          const isNoted =
            !link.isLost &&
            (names.length === 0 ||
              (await note(account, names).then(
                () => true,
                () => false,
              )));
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
function createMissedWrites(link: RedisLink, note: (account: AccountKeyspace) => Promise<unknown>) {
  const missed = new Set<AccountKeyspace>();
  let areTooMany = false;

  const add = (account: AccountKeyspace) => {
    missed.add(account);
    if (missed.size <= MAX_MISSED) return;
    missed.clear();
    areTooMany = true;
  };
  const publish = async () => {
    if (areTooMany) await link.beginStore();
    areTooMany = false;
    for (const account of missed) {
      // A write that ends while this one is under way must be published again.
      missed.delete(account);
      try {
        await note(account);
      } catch (error) {
        add(account);
        throw error;
      }
    }
  };

  // If the store is lost again, they are published the next time.
  link.returnsAfter(() => (missed.size === 0 && !areTooMany ? undefined : publish()));
  return { add };
}
