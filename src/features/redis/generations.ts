import { createGenerationsInMemory } from '../../state/memory.ts';
import type { Generation, Generations } from '../../state/port.ts';
import { type AccountWrites, createAccountWrites, NOTE_WRITE, NOTHING_DONE_MS } from './account-writes.ts';
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
  const known = new WeakMap<AccountKeyspace, AccountWrites>();
  const writesOf = (account: AccountKeyspace): AccountWrites => {
    let writes = known.get(account);
    if (!writes || (writes.resets !== link.resets && !link.isLost)) {
      writes = createAccountWrites(account, link, own.last);
      known.set(account, writes);
    }
    return writes;
  };
  /** Counts a write in the store. */
  const note = async ({ account, id, resources, doubtUntil }: AccountWrite, forMs: number) => {
    const doubtMs = Math.ceil(Math.max(0, doubtUntil - link.now()));
    await account.run(NOTE_WRITE, ['writes', 'doubts'], [id, doubtMs, forMs, ...resources]);
  };
  const unpublished = createUnpublishedWrites(
    (write) => note(write, keepMs),
    () => link.beginStore(),
  );
  link.onBack(() => unpublished.publishAll());

  return {
    snapshot(name) {
      const account = accounts.of(name);
      const alone = own.snapshot();
      /** The writes that this snapshot has already read from the store. */
      let asked: AccountWrites | undefined;

      const readAlone = (resource: string): Generation => {
        const writes = writesOf(account);
        const stored = writes.read(resource);
        const { number, isInDoubt } = alone.read(resource);
        const both = writes.holds(number) ? stored.number : `${stored.number}-${number}`;
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
          /** Counts the write in the store. If the store is lost, gives the write: only this process knows it. */
          const publish = async (stillMs: number, forMs: number): Promise<AccountWrite | undefined> => {
            isLost ||= link.isLost;
            if (names.length === 0) return undefined;
            const write = { account, id, resources: names, doubtUntil: link.now() + stillMs };
            // Writes to a Redis that is back before it is used again, so that other processes read this client's changes.
            if (!link.isReachable) return write;
            try {
              await note(write, forMs);
              return undefined;
            } catch {
              return write;
            }
          };
          if (await publish(doubtMs, NOTHING_DONE_MS)) isLost = true;
          return {
            async end(outcome, stillMs) {
              // Later reads of the operation must show this write, so they ask the store again.
              asked = undefined;
              const doubtMs = outcome === 'unknown' ? stillMs : 0;
              const write = await publish(doubtMs, outcome === 'not done' ? NOTHING_DONE_MS : keepMs);
              // Counts the end in memory too: the store may be lost before this process reads it back.
              await begun.end(outcome, stillMs);
              if (!write) return;
              isLost = true;
              unpublished.add(write);
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

/** A write to resources of an account, by their names in the store. */
interface AccountWrite {
  readonly account: AccountKeyspace;
  readonly id: string;
  readonly resources: readonly string[];
  /** The time on the clock until which the API may still carry out the write. */
  readonly doubtUntil: number;
}

const MAX_UNPUBLISHED = 4_000;

/** The writes to publish once the store is back, oldest first. If there are too many, a new store begins, without any answers. */
function createUnpublishedWrites(
  note: (write: AccountWrite) => Promise<unknown>,
  beginStore: () => Promise<unknown>,
) {
  const writes = new Map<string, AccountWrite>();
  let areTooMany = false;
  return {
    add(write: AccountWrite): void {
      if (writes.size < MAX_UNPUBLISHED) writes.set(write.id, write);
      else areTooMany = true;
    },
    /** @throws when the store is lost again. */
    async publishAll(): Promise<void> {
      if (areTooMany) await beginStore();
      areTooMany = false;
      for (const [id, write] of writes) {
        await note(write);
        writes.delete(id);
      }
    },
  };
}
