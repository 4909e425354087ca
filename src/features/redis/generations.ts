import { createGenerationsInMemory } from '../../state/memory.ts';
import type { Generation, Generations } from '../../state/port.ts';
import {
  type AccountWrites,
  createAccountWrites,
  EVERY_RESOURCE,
  NOTE_WRITE,
  NOTHING_DONE_MS,
} from './account-writes.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/**
 * Counts writes in the store, before they are sent and again when they end. Also counts this process's writes in memory, for
 * when the store is lost. Publishes writes that the store has missed once the store is back.
 */
export function createGenerationsInRedis(
  link: RedisLink,
  accounts: AccountKeyspaces,
  keepMs: number,
): Generations {
  const own = createGenerationsInMemory(link.now);
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
  const note = (account: AccountKeyspace, resources: readonly string[], write: NotedWrite) => {
    const { id, doubtMs, keepMs } = write;
    return account.run(NOTE_WRITE, ['writes', 'doubts'], [id, Math.ceil(doubtMs), keepMs, ...resources]);
  };
  const missed = createMissedWrites(link, (account, doubtMs) =>
    note(account, [EVERY_RESOURCE], { id: link.nextName(), doubtMs, keepMs }),
  );

  return {
    snapshot(name) {
      const account = accounts.of(name);
      const alone = own.snapshot();
      /** The writes that this snapshot has already read from the store. */
      let asked: AccountWrites | undefined;

      const readAlone = (resource: string): Generation => {
        const stored = writesOf(account).read(resource);
        const { number, isInDoubt } = alone.read(resource);
        const both = number === 0 ? stored.number : `${stored.number}-${number}`;
        return { number: both, isInDoubt: stored.isInDoubt || isInDoubt, isAlone: true };
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
        async write(resources, doubtMs) {
          let isLost = false;
          const begun = alone.write(resources);
          const id = link.nextName();
          const names = resources.map((resource) => account.encryption.name(resource));
          /** Counts the write in the store. Returns false if the store is lost. */
          const publish = async (doubtMs: number, keepMs: number): Promise<boolean> => {
            const isNoted =
              !link.isLost &&
              (names.length === 0 ||
                (await note(account, names, { id, doubtMs, keepMs }).then(
                  () => true,
                  () => false,
                )));
            isLost ||= !isNoted;
            return isNoted;
          };
          await publish(doubtMs, NOTHING_DONE_MS);
          return {
            async end(outcome, stillMs) {
              // Later reads of the operation must show this write, so they ask the store again.
              asked = undefined;
              const doubtMs = outcome === 'unknown' ? stillMs : 0;
              const isDone = outcome !== 'not done';
              const isPublished = await publish(doubtMs, isDone ? keepMs : NOTHING_DONE_MS);
              if (!isPublished && isDone) missed.add(account, link.now() + doubtMs);
              // Counts the end in memory too: the store may be lost before this process reads it back.
              await begun.end(outcome, stillMs);
            },
            get isLost() {
              return isLost;
            },
          };
        },
      };
    },
  };
}

interface NotedWrite {
  readonly id: string;
  /** For how long the API may still carry out the write, in ms; 0: it has ended. */
  readonly doubtMs: number;
  /** For how long the store remembers the write at least, in ms. */
  readonly keepMs: number;
}

/** With more accounts, a new store begins instead. Callers can make up keys. */
const MAX_MISSED = 1_000;

/**
 * The accounts with writes that the store has missed. They are published before the store is used again, as one write to every
 * resource of the account.
 */
function createMissedWrites(
  link: RedisLink,
  note: (account: AccountKeyspace, doubtMs: number) => Promise<unknown>,
) {
  /** For each account the time on the clock until which the API may still carry out one of the writes. */
  const missed = new Map<AccountKeyspace, number>();
  let areTooMany = false;
  let isPublishing = false;

  const add = (account: AccountKeyspace, doubtUntil: number) => {
    missed.set(account, Math.max(doubtUntil, missed.get(account) ?? 0));
    if (missed.size <= MAX_MISSED) return;
    missed.clear();
    areTooMany = true;
  };
  const publish = async () => {
    if (areTooMany) await link.beginStore();
    areTooMany = false;
    for (const [account, doubtUntil] of missed) {
      // A write that ends while this one is under way must be published again.
      missed.delete(account);
      try {
        await note(account, Math.max(0, doubtUntil - link.now()));
      } catch (error) {
        add(account, doubtUntil);
        throw error;
      }
    }
  };

  link.returnsIf(() => {
    if (isPublishing) return false;
    if (missed.size === 0 && !areTooMany) return true;
    isPublishing = true;
    // If the store is lost again, they are published the next time.
    publish()
      .catch(() => undefined)
      .finally(() => {
        isPublishing = false;
      });
    return false;
  });
  return { add };
}
