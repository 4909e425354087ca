import type { Generation } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { endOfTurn } from '../../transport/clock.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Stands for every resource of an account: no name of one looks like it. */
export const EVERY_RESOURCE = '*';

/**
 * Finds what was written since the account had this name and so many writes. Gives 0: nothing, or 1; how many permits are used; the
 * pause in ms; and what is new: the name, the number of writes, the number up to which they are forgotten, the last write to each resource,
 * and each write that may be carried out yet with its time in ms.
 */
const READ_WRITES = lua('account writes doubts quota', 'epoch name count')`
local found = redis.call('HMGET', account, 'epoch', 'name', 'writes', 'forgotten')
if found[1] ~= epoch then return { -1 } end
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
 * The writes of an account, as the store had them when it was last asked: after a partition, others begin with nothing.
 * @param lastOwn - gives the number of the last write that this process has counted itself
 */
export function createAccountWrites(account: AccountKeyspace, link: RedisLink, lastOwn: () => number) {
  const keys = ['account', 'writes', 'doubts', 'quota'].map((kind) => account.key(kind));
  let name = '';
  let count = '';
  let forgotten = 0;
  let last = new Map<string, number>();
  let doubtUntil = new Map<string, number>();
  let knownOwn = 0;
  /** The question that leaves with the end of this turn of the event loop. */
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
    // A write that the store has forgotten is as old as the oldest that it remembers.
    if (last.size > MAX_REMEMBERED)
      for (const [resource, number] of last) if (number <= forgotten) last.delete(resource);
  };

  /** The store has returned to an earlier time in the same epoch, as from a snapshot of its machine. */
  const hasReturned = ([newName, newCount]: News) =>
    String(newName) === name && Number(newCount) < Number(count);

  const ask = async (): Promise<boolean> => {
    const own = lastOwn();
    const reply = await account.run(READ_WRITES, keys, [name, count]);
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
    /** The last partition before. */
    partition: link.lastPartition,
    /** Asks the store what was written since: one command for all that ask in one turn. False: it is lost. */
    refresh(): Promise<boolean> {
      asking ??= endOfTurn(link.clock).then(() => {
        asking = undefined;
        return ask().catch(() => false);
      });
      return asking;
    },
    /** Whether what the store has said holds that write of this process. */
    holds: (own: number) => own <= knownOwn,
    read(resource: string): Generation {
      // To name a resource costs more than all else here, and most accounts write seldom.
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
