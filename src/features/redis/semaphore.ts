import { luaInStore } from './client.ts';

/** A permit returns after this time unless its process says otherwise, in ms. */
export const PERMIT_LEASE_MS = 5_000;
/** While no other process waits, a process that waits for permits asks again within this time, in ms. */
export const MOST_WAIT_MS = 100;
/** If n processes wait for permits, each of them asks again after n times this, in ms. */
const TURN_MS = 25;
/** If a process has asked in vain, the other processes leave a permit to it for this time, in ms. */
const ASKS_MS = 400;
/** No permit returns later than this, in ms. */
const LONGEST_MS = 300_000;

/** Forgets permits that have returned. */
const RETURNED = `
redis.call('ZREMRANGEBYSCORE', quota, '-inf', now)
redis.call('ZREMRANGEBYSCORE', quota, now + ${LONGEST_MS}, '+inf')`;

/**
 * The quota of an account: a sorted set of permits, their scores the times at which they return. Takes a permit of this name, unless
 * fewer than `reserved` others would stay free. While other processes ask in vain, no process has more than its part. `own`: how many
 * permits this process has.
 *
 * Replies whether the permit was taken, when to ask again in ms if it was not, and the used permits.
 */
export const TAKE = luaInStore('quota asking', 'rate# me name reserved# own#')`${RETURNED}
redis.call('ZREM', asking, me)
redis.call('ZREMRANGEBYSCORE', asking, '-inf', now)
redis.call('ZREMRANGEBYSCORE', asking, now + ${LONGEST_MS}, '+inf')
local used, others = redis.call('ZCARD', quota), redis.call('ZCARD', asking)
local free = rate - reserved - used
if others > 0 then free = math.min(free, math.ceil(rate / (others + 1)) - own) end
if free >= 1 then
  redis.call('ZADD', quota, now + ${PERMIT_LEASE_MS}, name)
  redis.call('PEXPIRE', quota, ${LONGEST_MS})
  return { 1, now, 1, 0, used + 1 }
end
if reserved == 0 then
  redis.call('ZADD', asking, now + ${ASKS_MS}, me)
  redis.call('PEXPIRE', asking, ${LONGEST_MS})
end
local next = redis.call('ZRANGE', quota, 0, 0, 'WITHSCORES')[2] or now
return { 1, now, 0, math.max(${TURN_MS} * (others + 1), math.min(${MOST_WAIT_MS}, next - now)), used }`;

/**
 * Tells when permits return: each as its name, and in how many ms. 0: now. Replies the used permits, and in how many ms all of them
 * have returned.
 */
export const RETURN = luaInStore('quota', '')`
for index = list, #ARGV, 2 do redis.call('ZADD', quota, now + ARGV[index + 1], ARGV[index]) end${RETURNED}
redis.call('PEXPIRE', quota, ${LONGEST_MS})
local last = redis.call('ZRANGE', quota, -1, -1, 'WITHSCORES')[2] or now
return { 1, now, redis.call('ZCARD', quota), last - now }`;
