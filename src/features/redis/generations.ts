import { createGenerationsInMemory } from '../../state/memory.ts';
import type { Generation, Generations } from '../../state/port.ts';
import { type AccountWrites, createAccountWrites, EVERY_RESOURCE } from './account-writes.ts';
import { lua } from './client.ts';
import { type AccountKeyspace, type AccountKeyspaces, ENTER_ACCOUNT, ENTERED_MS } from './keyspace.ts';
import type { RedisLink } from './link.ts';

const MAX_REMEMBERED = 10_000;

/**
 * Counts a write to the resources at the end of the arguments ("*": the whole account). Gives the account's name.
 * The API may still carry out the write for `doubt` ms; 0: the write has ended.
 * `undone`: the write was not carried out, and began under this name of the account.
 * If no write of an account was carried out, the account expires after `ENTERED_MS`, as callers can make up keys.
 * This is a script because it stores the number of a write and its resources together, and writes must not wait for each other.
 */
const NOTE_WRITE = lua('account writes doubts', 'epoch new_name write doubt# keep# undone')`
if redis.call('HGET', account, 'epoch') ~= epoch then ${ENTER_ACCOUNT}end
local number = redis.call('HINCRBY', account, 'writes', 1)
local known = redis.call('HGETALL', doubts)
for index = 1, #known, 2 do
  if tonumber(known[index + 1]) <= now then redis.call('HDEL', doubts, known[index]) end
end
if ARGV[7] == '*' then
  redis.call('HSET', account, 'forgotten', number)
  redis.call('DEL', writes)
end
for index = 7, #ARGV do
  redis.call('ZADD', writes, number, ARGV[index])
  local field = ARGV[index] .. ' ' .. write
  if doubt > 0 then redis.call('HSET', doubts, field, now + math.ceil(doubt)) else redis.call('HDEL', doubts, field) end
end
local over = redis.call('ZCARD', writes) - ${MAX_REMEMBERED}
if over > 0 then
  redis.call('HSET', account, 'forgotten', redis.call('ZRANGE', writes, over - 1, over - 1, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYRANK', writes, 0, over - 1)
end
local name = redis.call('HGET', account, 'name')
local is_nothing_done = undone == name and redis.call('HINCRBY', account, 'undone', 2) == number
for _, key in ipairs(KEYS) do
  if is_nothing_done then redis.call('PEXPIRE', key, ${ENTERED_MS}) else raise(key, keep) end
end
return { name }`;

/**
 * Counts writes in the store, before they are sent and again when they end. Also counts this process's writes in memory, for
 * when the store is lost. Publishes writes that the store has missed once the store is back.
 */
export function createGenerationsInRedis(link: RedisLink, accounts: AccountKeyspaces): Generations {
  const own = createGenerationsInMemory(link.now);
  const known = new WeakMap<AccountKeyspace, AccountWrites>();
  const writesOf = (account: AccountKeyspace): AccountWrites => {
    let writes = known.get(account);
    if (!writes || (writes.partition !== link.lastPartition && !link.isDegraded)) {
      writes = createAccountWrites(account, link, own.last);
      known.set(account, writes);
    }
    return writes;
  };
  /** Counts a write in the store and gives the account's name. */
  const note = async ({ account, id, resources, doubtUntil }: AccountWrite, undone = '') => {
    const doubtMs = Math.max(0, doubtUntil - link.now());
    const keys = ['account', 'writes', 'doubts'].map((kind) => account.key(kind));
    const args = [id, doubtMs, account.keepMs + doubtMs, undone, ...resources];
    return String((await account.run(NOTE_WRITE, keys, args))[0]);
  };
  const unpublished = createUnpublishedWrites(note, () => link.membership.beginEpoch());
  link.onBack(() => unpublished.publishAll());

  return {
    snapshot(name) {
      const account = accounts.of(name);
      const alone = own.snapshot();
      /** The writes that this snapshot has already read from the store. */
      let asked: AccountWrites | undefined;

      const readAlone = (resource: string, partition: number): Generation => {
        const writes = writesOf(account);
        const stored = writes.read(resource);
        const { number, isInDoubt } = alone.read(resource);
        const both = writes.holds(number) ? stored.number : `${stored.number}-${number}`;
        return { number: both, isInDoubt: stored.isInDoubt || isInDoubt, partition };
      };

      return {
        read(resource) {
          if (link.isDegraded) return readAlone(resource, link.partition);
          const writes = writesOf(account);
          if (asked === writes) return writes.read(resource);
          return writes.refresh().then((isKnown) => {
            if (!isKnown) return readAlone(resource, link.partition || link.lastPartition);
            asked = writes;
            return writes.read(resource);
          });
        },
        async write(resources, doubtMs) {
          let isLost = false;
          const begun = alone.write(resources);
          const id = link.membership.nextName();
          const names = resources.map((resource) => account.encryption.name(resource));
          /** The name of the account when this write began. */
          let begunAs = '';
          /** Counts the write in the store. If the store is lost, gives the write: only this process knows it. */
          const publish = async (stillMs: number, isUndone = false): Promise<AccountWrite | undefined> => {
            isLost ||= link.isDegraded;
            if (names.length === 0) return undefined;
            const write = { account, id, resources: names, doubtUntil: link.now() + stillMs };
            // While degraded, writes to a Redis that is back, so that other processes read this client's changes.
            if (!link.isReachable) return write;
            try {
              begunAs = await note(write, isUndone ? begunAs : '');
              return undefined;
            } catch {
              return write;
            }
          };
          if (await publish(doubtMs)) isLost = true;
          return {
            async end(outcome, stillMs) {
              // Later reads of the operation must show this write, so they ask the store again.
              asked = undefined;
              const write = await publish(outcome === 'unknown' ? stillMs : 0, outcome === 'not done');
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
const MAX_ACCOUNTS = 1_000;

/**
 * The writes to publish once the store is back, oldest first. If there are too many, the oldest counts as a write to its whole
 * account. With too many accounts, all entries in the store become invalid.
 */
function createUnpublishedWrites(
  note: (write: AccountWrite) => Promise<unknown>,
  forgetAll: () => Promise<unknown>,
) {
  const writes = new Map<unknown, AccountWrite>();
  const accounts = new Map<unknown, AccountWrite>();
  let isAnything = false;
  return {
    add(write: AccountWrite): void {
      writes.set(write.id, write);
      const [oldest] = writes.values();
      if (writes.size <= MAX_UNPUBLISHED || !oldest) return;
      writes.delete(oldest.id);
      const { account, id, doubtUntil } = oldest;
      const known = accounts.get(account);
      const until = Math.max(doubtUntil, known?.doubtUntil ?? 0);
      if (!known && accounts.size >= MAX_ACCOUNTS) isAnything = true;
      else accounts.set(account, { account, id, resources: [EVERY_RESOURCE], doubtUntil: until });
    },
    /** @throws when the store is lost again. */
    async publishAll(): Promise<void> {
      if (isAnything) await forgetAll();
      isAnything = false;
      for (const some of [accounts, writes]) {
        for (const [name, write] of some) {
          await note(write);
          if (some.get(name) === write) some.delete(name);
        }
      }
    },
  };
}
