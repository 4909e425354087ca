import { luaInStore } from './client.ts';
import { ABSENT_MS, FORGOTTEN_MS } from './slots.ts';

/** A permit returns after this time unless its process says otherwise, in ms. */
export const LEASE_MS = 5_000;
/** No permit returns later than this, in ms. */
const LONGEST_MS = 60_000;
/** A process that waits for permits asks again within this time, in ms. */
export const MOST_WAIT_MS = 100;
/** A process that asks in vain asks again no sooner, in ms. */
const LEAST_WAIT_MS = 25;
/** For so long the others leave a permit to a process that has asked in vain, in ms. */
const ASKS_MS = 150;
/** Pauses are shorter than this, in ms. */
export const LONGEST_PAUSE_MS = 300_000;
const KEEP_MS = 400_000;

/**
 * The quota of an account: a sorted set of permits, their scores the times at which they return. First come the permits of this
 * process with new times: each as its name, and in how many ms it returns. 0: now. Then it takes up to `wanted` permits, and leaves
 * `kept` free. `pace` has the time at which the account has recovered from its last slow-down, and the end of its pause. `slow`: to
 * which part the limit is reduced, if it is not lower than `seen_limit`.
 *
 * The shares of absent slots stay free. While other processes ask in vain, no process has more than its part.
 *
 * Replies the number of permits taken, when to ask again in ms, the used permits, the limit, the pause in ms, and in how many ms
 * all permits have returned.
 */
export const TAKE = luaInStore(
  'quota:zset asking:zset pace:hash',
  'rate# slots# recovery# me name wanted# kept# pause# slow# seen_limit#',
)`
for index = 12, #ARGV, 2 do
  local ms = tonumber(ARGV[index + 1])
  if ms > 0 then redis.call('ZADD', quota, now + ms, ARGV[index]) else redis.call('ZREM', quota, ARGV[index]) end
end
redis.call('ZREMRANGEBYSCORE', quota, '-inf', now)
redis.call('ZREMRANGEBYSCORE', quota, now + ${LONGEST_MS}, '+inf')
redis.call('ZREMRANGEBYSCORE', asking, '-inf', now)
local found = redis.call('HMGET', pace, 'full', 'paused')
local full, paused = math.max(tonumber(found[1]) or 0, now), tonumber(found[2]) or 0
-- The clock was set back since.
if full > now + 1000 / recovery then full = now end
if paused > now + ${LONGEST_PAUSE_MS} then paused = 0 end
local limit = math.max(1, math.floor(rate - (full - now) * recovery * rate / 1000))
if slow < 1 and limit >= seen_limit then
  limit = math.max(1, math.floor(limit * slow))
  full = now + math.ceil((rate - limit) * 1000 / (recovery * rate))
end
paused = math.max(paused, now + pause)
if pause > 0 or slow < 1 then
  redis.call('HSET', pace, 'full', full, 'paused', paused)
  redis.call('PEXPIRE', pace, ${KEEP_MS})
end
local usable, used = limit, redis.call('ZCARD', quota)
for slot = 1, slots do
  local mark, heard = string.match(redis.call('HGET', store, slot) or '', '^%S+ (%d+) (%d+)$')
  if mark and now - mark >= ${ABSENT_MS} and now - heard < ${FORGOTTEN_MS} then
    usable = usable - math.max(1, math.floor(rate / slots) + (slot <= rate % slots and 1 or 0))
  end
end
local free = usable - kept - used
redis.call('ZREM', asking, me)
local others = redis.call('ZCARD', asking)
local part = free
if others > 0 and free > 0 then
  part = math.ceil(usable / (others + 1))
  for _, permit in ipairs(redis.call('ZRANGE', quota, 0, -1)) do
    if string.sub(permit, 1, #me) == me then part = part - 1 end
  end
end
local given = paused > now and 0 or math.max(0, math.min(wanted, free, part))
for index = 1, given do redis.call('ZADD', quota, now + ${LEASE_MS}, name .. '.' .. index) end
local wait = 0
if given < wanted then
  if kept == 0 then redis.call('ZADD', asking, now + ${ASKS_MS}, me) end
  local next = redis.call('ZRANGE', quota, math.max(0, used - usable), math.max(0, used - usable), 'WITHSCORES')[2]
  wait = math.max(${LEAST_WAIT_MS}, math.min(${MOST_WAIT_MS}, (part < free or not next) and 0 or math.ceil(next - now)))
end
for _, key in ipairs({ quota, asking }) do redis.call('PEXPIRE', key, ${LONGEST_MS}) end
local last = redis.call('ZRANGE', quota, -1, -1, 'WITHSCORES')[2] or now
return { 1, now, given, wait, used + given, limit, math.max(0, math.ceil(paused - now)), math.ceil(last - now) }`;
