import { NOTE_WRITE, READ_WRITES } from '../../src/features/redis/account-writes.ts';
import type { LuaScript } from '../../src/features/redis/client.ts';
import { RELEASE } from '../../src/features/redis/lease.ts';
import { TAKE } from '../../src/features/redis/semaphore.ts';
import { FILL, LOOK_UP } from '../../src/features/redis/shared-cache.ts';
import { LOOK, STORE } from '../../src/features/redis/shared-values.ts';
import { BEAT, LEAVE } from '../../src/features/redis/slots.ts';
import type { RedisModel } from './redis-model.ts';

type Redis = Pick<
  RedisModel,
  | 'now'
  | 'del'
  | 'pttl'
  | 'pexpire'
  | 'get'
  | 'setNew'
  | 'hget'
  | 'hset'
  | 'hdel'
  | 'zadd'
  | 'zrem'
  | 'zall'
  | 'zscore'
  | 'publish'
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

const slotOf = (redis: Redis, store: string, slot: number | string) => {
  const [, holder, mark, heard] = /^(\S+) (\d+) (\d+)$/.exec(redis.hget(store, slot) ?? '') ?? [];
  if (holder === undefined) return undefined;
  return { holder, mark, away: redis.now - Number(mark), silent: redis.now - Number(heard) };
};

const beat = twinOf(
  BEAT,
  (redis, [store = ''], [id, run, newId = '', count, me = '', seen, marks, ...known]) => {
    const { now } = redis;
    const hold = (slot: string | number, holder: string, mark: string | number) =>
      redis.hset(store, { [slot]: `${holder} ${mark} ${now}` });
    if (redis.hget(store, 'run') !== run || now < numberOf(redis.hget(store, 'at'))) {
      redis.del(store);
      redis.hset(store, { id: newId, run: run ?? '', begun: now });
      for (let index = 0; index < known.length; index += 2)
        hold(known[index] ?? '', known[index + 1] ?? '', now - 1_000);
    }
    redis.hset(store, { at: now });
    redis.pexpire(store, 3_600_000);
    const slots = Array.from({ length: Number(count) }, (_one, index) => index + 1).map((slot) => ({
      slot,
      ...slotOf(redis, store, slot),
    }));
    const others = slots.filter(({ holder }) => holder !== me);
    const mine = slots.findLast(({ holder }) => holder === me);
    let own = mine?.slot ?? 0;
    const free = others.find(({ silent }) => silent === undefined || silent >= 3_600_000)?.slot ?? 0;
    const left = others.find(({ silent = 0 }) => silent >= 3_000 && silent < 3_600_000)?.slot ?? 0;
    const waits = others.some(({ silent = 0 }) => silent >= 1_000 && silent < 3_000);
    const storeId = redis.hget(store, 'id');
    let mark: string | number = mine?.mark ?? now - 1_000;
    let isGood = own > 0 && id === storeId && now - Number(seen) <= 400;
    if (own === 0) {
      own = left > 0 ? left : waits ? 0 : free;
      isGood = own > 0 && own === free;
    }
    isGood &&= marks === '1';
    if (isGood) mark = now;
    if (own > 0) hold(own, me, mark);
    const seenSlots = slots.flatMap(({ slot, holder }) => (holder === undefined ? [] : [slot, holder]));
    const begun = numberOf(redis.hget(store, 'begun'));
    return [now, storeId, now - begun, own, isGood ? 1 : 0, ...seenSlots];
  },
);

const leave = twinOf(LEAVE, (redis, [store = ''], [slot = '', me]) => {
  if (slotOf(redis, store, slot)?.holder === me) redis.hdel(store, slot);
  return [redis.now];
});

const take = inStore(TAKE, (redis, [store = '', quota = '', asking = ''], args) => {
  const { now } = redis;
  const [rate = 0, slots = 0] = args.slice(0, 2).map(Number);
  const [, , me = '', name = ''] = args;
  const [wanted = 0, kept = 0, own = 0] = args.slice(4, 7).map(Number);
  for (let index = 7; index < args.length; index += 2)
    redis.zadd(quota, now + Number(args[index + 1]), args[index] ?? '');
  redis.zrem(asking, me);
  for (const times of [quota, asking])
    for (const [member, at] of redis.zall(times))
      if (at <= now || at >= now + 300_000) redis.zrem(times, member);
  const [used, others] = [redis.zall(quota).length, redis.zall(asking).length];
  let usable = rate;
  for (let slot = 1; slot <= slots; slot += 1) {
    const { away = 0, silent = 0 } = slotOf(redis, store, slot) ?? {};
    if (away < 1_000 || silent >= 3_600_000) continue;
    usable -= Math.max(1, Math.floor(rate / slots) + (slot <= rate % slots ? 1 : 0));
  }
  let free = usable - kept - used;
  if (others > 0) free = Math.min(free, Math.ceil(usable / (others + 1)) - own);
  const given = Math.max(0, Math.min(wanted, free));
  for (let index = 1; index <= given; index += 1) redis.zadd(quota, now + 5_000, `${name}.${index}`);
  let wait = 0;
  if (given < wanted) {
    if (kept === 0) redis.zadd(asking, now + 400, me);
    const next = redis.zall(quota)[0]?.[1] ?? now;
    wait = Math.max(25 * (others + 1), Math.min(100, next - now));
  }
  const last = redis.zall(quota).at(-1)?.[1] ?? now;
  for (const times of [quota, asking]) redis.pexpire(times, 300_000);
  return [1, now, given, wait, used + given, last - now];
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

const look = inStore(LOOK, (redis, [, value = '', key = ''], [version, holder = '', ms]) => {
  const { now } = redis;
  if (!redis.setNew(key, holder, Number(ms)) && redis.get(key) === holder) redis.pexpire(key, Number(ms));
  const held = redis.get(key);
  const known = redis.hget(value, 'version');
  redis.pexpire(value, 75_000);
  const age = now - numberOf(redis.hget(value, 'at'));
  const sealed = known === version ? '' : redis.hget(value, 'sealed');
  const isCurrent = redis.hget(value, 'by') === held;
  return [1, now, held === holder ? 1 : 0, isCurrent ? 1 : 0, known ?? '', age, sealed ?? ''];
});

const store = inStore(
  STORE,
  (redis, [, value = '', key = ''], [version = '', holder = '', ms, age, sealed = '']) => {
    const { now } = redis;
    if (redis.get(key) !== holder) return [1, now, 0];
    redis.hset(value, { version, by: holder, at: now - Number(age), sealed });
    redis.pexpire(value, 75_000);
    redis.pexpire(key, Number(ms));
    return [1, now, 1];
  },
);

export const TWINS: readonly Twin[] = [
  beat,
  leave,
  take,
  noteWrite,
  readWrites,
  lookUp,
  fill,
  release,
  look,
  store,
];
