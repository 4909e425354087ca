import type { Generation } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { lua } from './client.ts';
import { type AccountKeyspace, ENTER_ACCOUNT } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Stands for all resources of an account. No resource has a name like this. */
export const EVERY_RESOURCE = '*';

/**
 * Reads the state of the quota, and the writes since a reply with this name and count.
 * Replies 0 (no new writes) or 1, then the used permits and the pause in ms.
 * With 1 follow the account's name, its number of writes, and the number of the last forgotten write.
 * Then come the last write to each resource, and each write in doubt with its remaining ms.
 * This is a script because the values must be from one moment, and each operation waits for them.
 */
export const READ_WRITES = lua('account writes doubts quota', 'epoch new_name name count')`
local found = redis.call('HMGET', account, 'epoch', 'name', 'writes', 'forgotten')
if found[1] ~= epoch then ${ENTER_ACCOUNT}
  found = { epoch, new_name, '0', '0' }
end
local stored = redis.call('HMGET', quota, 'at', 'summary')
local used, paused_until = string.match(stored[2] or '', '^(%d+) (%d+)$')
local is_counting = used and now - stored[1] < ${WINDOW_MS}
used = is_counting and tonumber(used) or 0
local paused = math.max(0, tonumber(paused_until or 0) - now)
local is_known = found[2] == name
if is_known and found[3] == count then return { 0, used, paused } end
local written = redis.call('ZRANGEBYSCORE', writes, is_known and '(' .. count or '-inf', '+inf', 'WITHSCORES')
local left = redis.call('HGETALL', doubts)
for index = 2, #left, 2 do left[index] = left[index] - now end
return { 1, used, paused, found[2], found[3], found[4], written, left }`;

export type AccountWrites = ReturnType<typeof createAccountWrites>;

/**
 * The writes of an account, as the store last reported them. After a partition, a new instance begins empty.
 * @param lastOwn - gives the number of the last write that this process has counted in its memory
 */
export function createAccountWrites(account: AccountKeyspace, link: RedisLink, lastOwn: () => number) {
  const keys = ['account', 'writes', 'doubts', 'quota'].map((kind) => account.key(kind));
  let name = '';
  let count = '';
  let forgotten = 0;
  let last = new Map<string, number>();
  let doubtUntil = new Map<string, number>();
  let knownOwn = 0;
  /** The read of the store that the driver has not written yet. */
  let asking: Promise<boolean> | undefined;

  const learn = ([newName, newCount, newForgotten, written, doubts]: News) => {
    if (String(newName) !== name) {
      count = '';
      last = new Map();
    }
    name = String(newName);
    count = String(newCount);
    forgotten = Number(newForgotten);
    for (const [resource, number] of pairs(written)) last.set(resource, Number(number));
    doubtUntil = new Map();
    for (const [write, leftMs] of pairs(doubts)) {
      const [resource = ''] = write.split(' ');
      doubtUntil.set(resource, Math.max(link.now() + Number(leftMs), doubtUntil.get(resource) ?? 0));
    }
    // A resource without an entry reads as `forgotten`, so entries up to that number add nothing.
    if (last.size > MAX_REMEMBERED)
      for (const [resource, number] of last) if (number <= forgotten) last.delete(resource);
  };

  /** Whether the store has gone back in time within an epoch, as after a restored snapshot of its machine. */
  const hasReturned = ([newName, newCount]: News) =>
    String(newName) === name && Number(newCount) < Number(count);

  const ask = async (): Promise<boolean> => {
    const own = lastOwn();
    const known = () => {
      asking = undefined;
      return count;
    };
    const reply = await account.run(READ_WRITES, keys, [() => name, known]);
    const [isNews, used, pausedMs, ...news] = reply as [number, number, number, ...unknown[]];
    account.quota.note(link.now(), used, pausedMs);
    if (isNews !== 0 && hasReturned(news as News)) {
      await link.membership.beginEpoch();
      return ask();
    }
    if (isNews !== 0) learn(news as News);
    knownOwn = own;
    return true;
  };

  return {
    /** The number of the last partition when this instance was created. */
    partition: link.lastPartition,
    /** Reads new writes from the store. Callers share a command until it is written. Gives false if this fails. */
    refresh(): Promise<boolean> {
      // A read that starts after a write was answered must not join a command that Redis may have run before.
      asking ??= Promise.resolve()
        .then(ask)
        .catch(() => {
          asking = undefined;
          return false;
        });
      return asking;
    },
    /** Whether the store's last reply includes the write with this number in this process. */
    holds: (own: number) => own <= knownOwn,
    read(resource: string): Generation {
      // Hashing a resource's name costs more than the rest, and most accounts rarely write.
      if (last.size === 0 && doubtUntil.size === 0)
        return { number: `${name}.${forgotten}`, isInDoubt: false, partition: 0 };
      const named = account.encryption.name(resource);
      const number = Math.max(last.get(named) ?? 0, forgotten);
      const until = Math.max(doubtUntil.get(named) ?? 0, doubtUntil.get(EVERY_RESOURCE) ?? 0);
      return { number: `${name}.${number}`, isInDoubt: until > link.now(), partition: 0 };
    },
  };
}

const MAX_REMEMBERED = 20_000;

type News = [
  name: Buffer,
  count: Buffer,
  forgotten: Buffer,
  written: readonly unknown[],
  doubts: readonly unknown[],
];

function* pairs(flat: readonly unknown[]): Generator<[string, unknown]> {
  for (let index = 0; index < flat.length; index += 2) yield [String(flat[index]), flat[index + 1]];
}
