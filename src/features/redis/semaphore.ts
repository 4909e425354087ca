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

/**
 * The quota of an account: a sorted set of permits, their scores the times at which they return. First come the permits of this
 * process with new times: each as its name, and in how many ms it returns. 0: now. Then it takes up to `wanted` permits, and leaves
 * `kept` free.
 *
 * While other processes ask in vain, no process has more than its part. `own`: how many permits this process has.
 *
 * Replies the number of permits taken, when to ask again in ms, the used permits, and in how many ms all permits have
 * returned.
 */
export const TAKE = luaInStore('quota asking', 'rate# me name wanted# kept# own#')`
for index = list, #ARGV, 2 do redis.call('ZADD', quota, now + ARGV[index + 1], ARGV[index]) end
redis.call('ZREM', asking, me)
for _, times in ipairs({ quota, asking }) do
  redis.call('ZREMRANGEBYSCORE', times, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', times, now + ${LONGEST_MS}, '+inf')
end
local used, others = redis.call('ZCARD', quota), redis.call('ZCARD', asking)
local free = rate - kept - used
if others > 0 then free = math.min(free, math.ceil(rate / (others + 1)) - own) end
local given = math.max(0, math.min(wanted, free))
for index = 1, given do redis.call('ZADD', quota, now + ${PERMIT_LEASE_MS}, name .. '.' .. index) end
local wait = 0
if given < wanted then
  if kept == 0 then redis.call('ZADD', asking, now + ${ASKS_MS}, me) end
  local next = redis.call('ZRANGE', quota, 0, 0, 'WITHSCORES')[2] or now
  wait = math.max(${TURN_MS} * (others + 1), math.min(${MOST_WAIT_MS}, next - now))
end
for _, times in ipairs({ quota, asking }) do redis.call('PEXPIRE', times, ${LONGEST_MS}) end
return { 1, now, given, wait, used + given,
  (redis.call('ZRANGE', quota, -1, -1, 'WITHSCORES')[2] or now) - now }`;
