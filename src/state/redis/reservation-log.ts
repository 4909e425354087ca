import { WINDOW_MS } from '../sliding-window-log.ts';
import { lua } from './client.ts';
import { IS_HELD } from './membership.ts';

/**
 * How many ms a request counts, and what an account may do now: less for a while after the API slowed it down, and less by
 * what is reserved for instances that use their share without the store.
 */
const PACE = `
local window = ${WINDOW_MS}
local function pace_of(key, rate, recovery, reserved)
  local pace = redis.call('HMGET', key, 'pausedUntil', 'reduced', 'reducedAt')
  local paused = math.max(0, (tonumber(pace[1] or 0) or 0) - now)
  local limit = rate
  if pace[2] then
    limit = math.min(rate, math.floor(pace[2] + (now - pace[3]) / 1000 * recovery * rate))
  end
  if reserved > 0 then
    limit = math.max(math.min(1, rate - reserved), math.floor(limit * (rate - reserved) / rate))
  end
  return limit, paused
end
`;

/** A permit is held at least so long, as a process that stands still may yet send its request, in ms. */
export const HELD_AT_LEAST_MS = 5_000;

/** One that has been held longer is free where its process has ended. */
const USED = `${IS_HELD}
local function used_of(held, sent, instances)
  for _, permit in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now - ${HELD_AT_LEAST_MS})) do
    if not is_held(instances, permit, true) then redis.call('ZREM', held, permit) end
  end
  redis.call('ZREMRANGEBYSCORE', sent, '-inf', now)
  return redis.call('ZCARD', held) + redis.call('ZCARD', sent)
end
`;

/** A caller may be so many permits ahead of another one that waits. */
const MAX_LEAD = 8;
/** A caller whose turn it is loses it after so many ms: its process is very busy, or has ended. */
const LATE_MS = 1_000;
/** When to look again for whether others have come for their turns, in ms. */
const LOOK_AGAIN_MS = 5;

const TURNS_KEPT_MS = 5_000;

/**
 * Turns of callers, wherever they wait. `turns` holds how many each of them had since it waits, `waiting` until when it
 * counts as waiting, and from the argument `first` on stand the callers of the asker, each with how many of its calls wait.
 * One that is new begins with as many turns as the one with the fewest. None goes far ahead of another: permits that are free
 * are left for those who are about to ask for them.
 */
const TURNS = (first: number) => `
local function turns_of(turns, waiting)
  for _, caller in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now)) do
    redis.call('ZREM', turns, caller)
    redis.call('ZREM', waiting, caller)
  end
  local own, is_own = {}, {}
  local all = redis.call('ZRANGE', turns, 0, (#ARGV - ${first} + 1) / 2, 'WITHSCORES')
  for index = ${first}, #ARGV, 2 do
    local had = redis.call('ZSCORE', turns, ARGV[index]) or all[2] or 0
    own[#own + 1] = { name = ARGV[index], had = tonumber(had), left = tonumber(ARGV[index + 1]) }
    is_own[ARGV[index]] = true
  end
  local most = math.huge
  for index = #all - 1, 1, -2 do
    if not is_own[all[index]] then most = all[index + 1] + ${MAX_LEAD} end
  end
  return own, most
end
local function have_turns(own, most, free)
  for taken = 0, free - 1 do
    local next
    for _, caller in ipairs(own) do
      if caller.left > 0 and caller.had < most and (not next or caller.had < next.had) then next = caller end
    end
    if not next then return taken end
    next.had = next.had + 1
    next.left = next.left - 1
  end
  return free
end
local function keep_turns(turns, waiting, own, wait)
  for _, caller in ipairs(own) do
    if caller.left > 0 then
      redis.call('ZADD', turns, caller.had, caller.name)
      redis.call('ZADD', waiting, now + wait + ${LATE_MS}, caller.name)
    else
      redis.call('ZREM', turns, caller.name)
      redis.call('ZREM', waiting, caller.name)
    end
  end
  raise(turns, ${TURNS_KEPT_MS})
  raise(waiting, ${TURNS_KEPT_MS})
end
`;

/** When to look again for a permit that has been held longer than a window, in ms. */
const HELD_LONG_MS = 50;
/** For how long the permits of a quota are remembered at most: longer than any request waits to be sent. */
export const HELD_KEPT_MS = 200_000;

/**
 * KEYS: account, held permits, permits that were used, pace, instances, turns, waiting callers. ARGV: epoch, rate, permits that
 * are reserved, recovery a second, permits wanted, the share to leave free, how many ms of distance may be made up for, a name for
 * the permits, until when on the clock of Redis what is said of other instances is true, then each caller that waits and how many
 * of its calls do.
 * Gives -2 when that is no longer so; otherwise how many permits were taken, how many ms until one may be free, the limit, how
 * many are used, and the pause in ms. A permit is held until it is settled, or its process ends.
 */
export const TAKE_PERMITS = lua`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return { -1 } end
if now > tonumber(ARGV[9]) then return { -2 } end
raise(KEYS[1], 30000)
${PACE}
${USED}
${TURNS(10)}
local limit, paused = pace_of(KEYS[4], tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[3]))
local used = used_of(KEYS[2], KEYS[3], KEYS[5])
if paused > 0 then return { 0, paused, limit, used, paused } end
local kept = tonumber(ARGV[6])
local permits = limit - math.floor(limit * kept)
local spare_in = 0
if kept > 0 then spare_in = (tonumber(redis.call('HGET', KEYS[4], 'spareFrom') or 0) or 0) - now end
local own, most = turns_of(KEYS[6], KEYS[7])
local free = math.min(tonumber(ARGV[5]), permits - used)
if free < 1 or spare_in > 0 then
  local wait = window
  if free < 1 then
    local sent = redis.call('ZRANGE', KEYS[3], used - permits, used - permits, 'WITHSCORES')[2]
    if sent then wait = math.min(wait, sent - now) end
    local held = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
    if held then wait = math.min(wait, math.max(${HELD_LONG_MS}, held + window - now)) end
  else
    wait = 0
  end
  wait = math.max(1, math.ceil(wait), math.ceil(spare_in))
  keep_turns(KEYS[6], KEYS[7], own, wait)
  return { 0, wait, limit, used, 0 }
end
if kept > 0 then
  local from = math.max(now + spare_in, now - ARGV[7])
  redis.call('HSET', KEYS[4], 'spareFrom', string.format('%.3f', from + window / permits))
  raise(KEYS[4], 5000)
end
if kept == 0 then free = have_turns(own, most, free) end
keep_turns(KEYS[6], KEYS[7], own, 0)
if free == 0 then return { 0, ${LOOK_AGAIN_MS}, limit, used, 0 } end
for index = 1, free do redis.call('ZADD', KEYS[2], now, ARGV[8] .. index) end
raise(KEYS[2], ${HELD_KEPT_MS})
return { free, 0, limit, used + free, 0 }`;

/** KEYS: turns, waiting callers. ARGV: callers that wait no longer. */
export const LEAVE_TURNS = lua`
redis.call('ZREM', KEYS[1], unpack(ARGV))
return redis.call('ZREM', KEYS[2], unpack(ARGV))`;

/** How long it is remembered that an account was slowed down, in ms: longer than any takes to recover. */
const REMEMBERED_MS = 300_000;

/** KEYS: pace. ARGV: pause in ms, rate, backoff, recovery a second. All that was refused in one window is one lesson. */
export const SLOW_DOWN = lua`
${PACE}
local limit, paused = pace_of(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[4]), 0)
redis.call('HSET', KEYS[1], 'pausedUntil', now + math.max(paused, math.ceil(ARGV[1])))
local slowed_at = tonumber(redis.call('HGET', KEYS[1], 'reducedAt') or 0) or 0
if now - slowed_at >= window then
  redis.call('HSET', KEYS[1], 'reduced', math.max(1, math.floor(limit * ARGV[3])), 'reducedAt', now)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1]) + ${REMEMBERED_MS})
return 0`;

/**
 * KEYS: held permits, permits that were used, pace, instances. ARGV: rate, permits that are reserved, recovery a second.
 * Gives the limit, how many permits are used, the pause, and in how many ms none is used any more if nothing else starts.
 */
export const QUOTA_STATUS = lua`
${PACE}
${USED}
local limit, paused = pace_of(KEYS[3], tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[2]))
local used = used_of(KEYS[1], KEYS[2], KEYS[4])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
local reset = math.max(paused, (last or now) - now)
if redis.call('ZCARD', KEYS[1]) > 0 then reset = math.max(reset, window) end
return { limit, used, paused, math.ceil(reset) }`;
