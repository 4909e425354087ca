import type { Generation } from '../../state/port.ts';
import { endOfTurn } from '../../transport/clock.ts';
import { luaInStore } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Stands for all resources of an account. No resource has a name like this. */
export const EVERY_RESOURCE = '*';
const MAX_REMEMBERED = 10_000;
/** How long the store remembers a write that is not known to be carried out, in ms. Callers can make up keys. */
export const NOTHING_DONE_MS = 10_000;

/**
 * Counts a write to the resources at the end of the arguments, and gives it a number that is higher than all earlier
 * numbers. The API may still carry out the write for `doubt` ms; 0: it has ended. The store remembers it for `keep` ms at
 * least. If it remembers too many, the write counts as a write to all resources.
 */
export const NOTE_WRITE = luaInStore('writes:zset doubts:zset', 'write doubt# keep#')`
local number = math.max((redis.call('ZRANGE', writes, -1, -1, 'WITHSCORES')[2] or 0) + 1, now)
if redis.call('ZCARD', writes) > ${MAX_REMEMBERED} then
  redis.call('DEL', writes)
  redis.call('ZADD', writes, number, '${EVERY_RESOURCE}')
end
for index = 5, #ARGV do
  redis.call('ZADD', writes, number, ARGV[index])
  redis.call('ZADD', doubts, now + doubt, ARGV[index] .. ' ' .. write)
end
redis.call('ZREMRANGEBYSCORE', doubts, '-inf', now)
redis.call('PEXPIRE', writes, math.max(redis.call('PTTL', writes), keep))
redis.call('PEXPIRE', doubts, math.max(redis.call('PTTL', doubts), doubt))
return { 1, now }`;

/**
 * Reads the writes of an account since the number `count`. Replies the number of the last write. If that is another one, each
 * resource follows with its last write, and each write in doubt with the end of its doubt. With the number 0 they follow each time,
 * because the store may have forgotten the write and still remember its doubt. This is a script because the values must be from one
 * moment, and each operation waits for them.
 */
export const READ_WRITES = luaInStore('writes:zset doubts:zset', 'count')`
local last = redis.call('ZRANGE', writes, -1, -1, 'WITHSCORES')[2] or '0'
if last == count and last ~= '0' then return { 1, now, last } end
local since = tonumber(last) > tonumber(count) and '(' .. count or '-inf'
return { 1, now, last, redis.call('ZRANGEBYSCORE', writes, since, '+inf', 'WITHSCORES'),
  redis.call('ZRANGEBYSCORE', doubts, now, '+inf', 'WITHSCORES'), now }`;

export type AccountWrites = ReturnType<typeof createAccountWrites>;

/** The writes of an account, as the store last reported them. After a reset of the link, a new instance begins empty. */
export function createAccountWrites(account: AccountKeyspace, link: RedisLink) {
  /** The store that the counts are of. */
  let store = link.id;
  let count = '0';
  const last = new Map<string, number>();
  const doubtUntil = new Map<string, number>();
  /** The read of the store that was not sent yet. */
  let asking: Promise<boolean> | undefined;

  const learn = (newCount: string, [written, doubts, time]: News) => {
    // A lower number: the store has dropped its writes, because no cache entry needs them any more.
    if (Number(newCount) < Number(count)) last.clear();
    count = newCount;
    for (const [resource, number] of pairs(written)) {
      // The writes come in the order of their numbers, and a write to every resource covers all before it.
      if (resource === EVERY_RESOURCE) last.clear();
      last.set(resource, number);
    }
    doubtUntil.clear();
    for (const [write, until] of pairs(doubts)) {
      const [resource = ''] = write.split(' ');
      doubtUntil.set(resource, Math.max(link.now() + until - time, doubtUntil.get(resource) ?? 0));
    }
  };

  const ask = async (): Promise<boolean> => {
    const reply = await account.run(READ_WRITES, ['writes', 'doubts'], [count]);
    const [newCount, ...news] = reply as [Buffer, ...unknown[]];
    store = link.id;
    if (news.length > 0) learn(String(newCount), news as unknown as News);
    return true;
  };

  return {
    /** Reads new writes from the store. Callers of the same turn share a command. Gives false if this fails. */
    refresh(): Promise<boolean> {
      asking ??= endOfTurn(link.clock).then(() => {
        // A read that starts after a write was answered must not join a command that Redis may have run before.
        asking = undefined;
        return ask().catch(() => false);
      });
      return asking;
    },
    read(resource: string): Generation {
      // Hashing a resource's name costs more than the rest, and most accounts rarely write.
      if (last.size === 0 && doubtUntil.size === 0)
        return { number: `${store}.0`, isInDoubt: false, isAlone: false };
      const named = account.encryption.name(resource);
      const number = Math.max(last.get(named) ?? 0, last.get(EVERY_RESOURCE) ?? 0);
      const until = Math.max(doubtUntil.get(named) ?? 0, doubtUntil.get(EVERY_RESOURCE) ?? 0);
      return { number: `${store}.${number}`, isInDoubt: until > link.now(), isAlone: false };
    },
  };
}

type News = [written: readonly Buffer[], doubts: readonly Buffer[], time: number];

/** The members of a sorted set with their scores. */
function* pairs(flat: readonly Buffer[]): Generator<[string, number]> {
  for (let index = 0; index < flat.length; index += 2) yield [String(flat[index]), Number(flat[index + 1])];
}
