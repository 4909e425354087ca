import { NOTE_WRITE, READ_WRITES } from '../../src/features/redis/account-writes.ts';
import type { LuaScript } from '../../src/features/redis/client.ts';
import { RETURN, TAKE } from '../../src/features/redis/semaphore.ts';
import { FILL, LOOK_UP, RELEASE } from '../../src/features/redis/shared-cache.ts';
import { ENTER } from '../../src/features/redis/store.ts';
import type { RedisModel } from './redis-model.ts';

type Redis = Pick<
  RedisModel,
  'now' | 'del' | 'pttl' | 'pexpire' | 'get' | 'setNew' | 'hget' | 'hset' | 'zadd' | 'zrem' | 'zall'
>;

/** A script of the product in TypeScript. */
export interface Twin extends LuaScript {
  run(redis: Redis, keys: readonly string[], args: readonly string[]): unknown;
}

/** Names the keys and the arguments as the script does, and checks the store if the script does. */
function twinOf(
  script: LuaScript,
  run: (redis: Redis, keys: readonly string[], args: readonly string[]) => unknown,
): Twin {
  return { ...script, run };
}

function inStore(script: LuaScript, run: Twin['run']): Twin {
  return twinOf(script, (redis, [store = '', ...keys], [id, ...args]) =>
    redis.hget(store, 'id') === id ? run(redis, [store, ...keys], args) : [0, redis.now],
  );
}

const numberOf = (text: string | undefined) => (text === undefined ? 0 : Number(text) || 0);

const enter = twinOf(ENTER, (redis, [store = ''], [run = '', newId = '']) => {
  const { now } = redis;
  if (redis.hget(store, 'run') !== run) {
    redis.del(store);
    redis.hset(store, { id: newId, begun: now });
  }
  redis.hset(store, { run });
  return [now, redis.hget(store, 'id'), now - numberOf(redis.hget(store, 'begun'))];
});

const forgetReturned = (redis: Redis, times: string) => {
  for (const [member, at] of redis.zall(times))
    if (at <= redis.now || at >= redis.now + 300_000) redis.zrem(times, member);
};

const take = inStore(TAKE, (redis, [, quota = '', asking = ''], args) => {
  const { now } = redis;
  const [, me = '', name = ''] = args;
  const [rate = 0, , , reserved = 0, own = 0] = args.map(Number);
  forgetReturned(redis, quota);
  redis.zrem(asking, me);
  forgetReturned(redis, asking);
  const [used, others] = [redis.zall(quota).length, redis.zall(asking).length];
  let free = rate - reserved - used;
  if (others > 0) free = Math.min(free, Math.ceil(rate / (others + 1)) - own);
  if (free >= 1) {
    redis.zadd(quota, now + 5_000, name);
    redis.pexpire(quota, 300_000);
    return [1, now, 1, 0, used + 1];
  }
  if (reserved === 0) {
    redis.zadd(asking, now + 400, me);
    redis.pexpire(asking, 300_000);
  }
  const next = redis.zall(quota)[0]?.[1] ?? now;
  return [1, now, 0, Math.max(25 * (others + 1), Math.min(100, next - now)), used];
});

const returns = inStore(RETURN, (redis, [, quota = ''], args) => {
  const { now } = redis;
  for (let index = 0; index < args.length; index += 2)
    redis.zadd(quota, now + Number(args[index + 1]), args[index] ?? '');
  forgetReturned(redis, quota);
  redis.pexpire(quota, 300_000);
  return [1, now, redis.zall(quota).length, (redis.zall(quota).at(-1)?.[1] ?? now) - now];
});

const noteWrite = inStore(NOTE_WRITE, (redis, [, writes = ''], [keep, ...resources]) => {
  const { now } = redis;
  const number = Math.max((redis.zall(writes).at(-1)?.[1] ?? 0) + 1, now);
  if (redis.zall(writes).length > 10_000) {
    redis.del(writes);
    redis.zadd(writes, number, '*');
  }
  for (const resource of resources) redis.zadd(writes, number, resource);
  redis.pexpire(writes, Math.max(redis.pttl(writes), Number(keep)));
  return [1, now];
});

const readWrites = inStore(READ_WRITES, (redis, [, writes = ''], [count = '']) => {
  const { now } = redis;
  const all = redis.zall(writes);
  const last = all.at(-1)?.[1] ?? 0;
  if (String(last) === count) return [1, now, count];
  const news = all.filter(([, number]) => last <= Number(count) || number > Number(count));
  return [1, now, String(last), news.flatMap(([member, score]) => [member, String(score)])];
});

const lookUp = inStore(LOOK_UP, (redis, [, entry = '', lease = ''], [fresh, since, holder = '', ms]) => {
  const { now } = redis;
  const value = redis.hget(entry, 'value');
  const at = value === undefined ? '' : (redis.hget(entry, 'at') ?? '');
  const age = now - numberOf(at);
  if (at !== '' && (age < Number(fresh) || (since !== '' && at !== since)))
    return [1, now, 1, age, at, value];
  const hasLease = redis.setNew(lease, holder, Number(ms));
  return [1, now, hasLease ? 2 : 0, age, at, ''];
});

const fill = inStore(FILL, (redis, [, entry = '', key = ''], [holder, age, ttl, value = '']) => {
  const { now } = redis;
  if (redis.get(key) === holder) redis.del(key);
  if (now - Number(age) > numberOf(redis.hget(entry, 'at'))) {
    redis.hset(entry, { at: now - Number(age), value });
    redis.pexpire(entry, Number(ttl));
  }
  return [1, now];
});

const release = inStore(RELEASE, (redis, [, lease = ''], [holder]) => {
  if (redis.get(lease) === holder) redis.del(lease);
  return [1, redis.now];
});

export const TWINS: readonly Twin[] = [enter, take, returns, noteWrite, readWrites, lookUp, fill, release];
