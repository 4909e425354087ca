import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { lua } from './client.ts';
import { IS_HELD } from './membership.ts';
import { MAX_GAIN_MS } from './store-clock.ts';

/** An account may do less for a while after the API slowed it down, and less by what is reserved for instances without the store. */
const PACE = `
local window = ${WINDOW_MS}
local function pace_of(reserved)
  local found = redis.call('HMGET', pace, 'pausedUntil', 'reduced', 'reducedAt')
  local paused = math.max(0, (tonumber(found[1] or 0) or 0) - now)
  local limit = rate
  if found[2] then
    limit = math.min(rate, math.floor(found[2] + math.max(0, now - found[3]) / 1000 * recovery * rate))
  end
  if reserved > 0 then
    limit = math.max(math.min(1, rate - reserved), math.floor(limit * (rate - reserved) / rate))
  end
  return limit, paused
end
`;

/** A permit is held at least so long, as a process that stands still may yet send its request, in ms. */
export const HELD_AT_LEAST_MS = 5_000;

/**
 * One that has been held longer is free where its process has ended. None is of later, even if the clock of Redis is set back: one
 * that is held is so from now on, and one that was sent counts for no longer than a window.
 * `gained`: by how many ms the clock has gained within a window, as the asker sees it. A request counts for so much longer.
 */
const USED = `${IS_HELD}
local function used_of(gained)
  for _, permit in ipairs(redis.call('ZRANGEBYSCORE', held, '(' .. now, '+inf')) do
    redis.call('ZADD', held, now, permit)
  end
  for _, permit in ipairs(redis.call('ZRANGEBYSCORE', held, '-inf', now - ${HELD_AT_LEAST_MS})) do
    if not is_held(permit, true) then redis.call('ZREM', held, permit) end
  end
  redis.call('ZREMRANGEBYSCORE', sent, '-inf', now - ${MAX_GAIN_MS})
  for _, permit in ipairs(redis.call('ZRANGEBYSCORE', sent, '(' .. now + window, '+inf')) do
    redis.call('ZADD', sent, now + window, permit)
  end
  return redis.call('ZCARD', held) + redis.call('ZCOUNT', sent, '(' .. now - gained, '+inf')
end
`;

/** A caller may be so many permits ahead of another one that waits, and fewer where many wait. */
const MAX_LEAD = 8;
/** A caller whose turn it is loses it after so many ms: its process is very busy, or has ended. */
const LATE_MS = 1_000;
/** When to look again for whether others have come for their turns, in ms: later where many callers wait, as each looks. */
const LOOK_AGAIN_MS = 5;
const LOOK_AGAIN_EACH_MS = 0.5;
/** How long the turns of a caller count after it last waited, in ms. */
const RESTED_MS = 1_000;
/** Added to the turns of a caller that does not wait, so that such callers come last. */
const RESTS = 1e12;

const TURNS_KEPT_MS = 5_000;

/**
 * Turns of callers, wherever they wait. `turns` holds how many each caller had, `waiting` until when that counts. A new caller begins
 * with as many turns as the waiting caller with the fewest. A caller that returns soon keeps its turns, but has no
 * fewer than a new caller: otherwise a caller that always gets all that it asks for would be new each time. No caller goes far ahead
 * of a waiting caller: free permits are left for callers that are about to ask for them.
 */
const TURNS = `
local function turns_of()
  for from, to in pairs({ ['-inf'] = now, ['(' .. now + window + ${LATE_MS}] = '+inf' }) do
    for _, caller in ipairs(redis.call('ZRANGEBYSCORE', waiting, from, to)) do
      redis.call('ZREM', turns, caller)
      redis.call('ZREM', waiting, caller)
    end
  end
  local own, is_own = {}, {}
  local all = redis.call('ZRANGE', turns, 0, (#ARGV - 10) / 2, 'WITHSCORES')
  local callers = redis.call('ZCOUNT', turns, '-inf', '(${RESTS}')
  local fewest = tonumber(all[2] or 0) % ${RESTS}
  for index = 11, #ARGV, 2 do
    local had, left = tonumber(redis.call('ZSCORE', turns, ARGV[index]) or ${RESTS}), tonumber(ARGV[index + 1])
    if had >= ${RESTS} then
      had = math.max(had - ${RESTS}, fewest)
      if left > 0 then callers = callers + 1 end
    end
    own[#own + 1] = { name = ARGV[index], had = had, left = left }
    is_own[ARGV[index]] = true
  end
  local most = math.huge
  local lead = math.min(${MAX_LEAD}, math.max(1, math.floor(rate / math.max(1, callers))))
  for index = #all - 1, 1, -2 do
    local had = tonumber(all[index + 1])
    if not is_own[all[index]] and had < ${RESTS} then most = had + lead end
  end
  return own, most, callers
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
local function keep_turns(own, wait)
  for _, caller in ipairs(own) do
    if caller.left > 0 then
      redis.call('ZADD', turns, caller.had, caller.name)
      redis.call('ZADD', waiting, now + wait + ${LATE_MS}, caller.name)
    else
      redis.call('ZADD', turns, caller.had + ${RESTS}, caller.name)
      redis.call('ZADD', waiting, now + ${RESTED_MS}, caller.name)
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
 * `recovery` is that of a second, `kept` the share to leave free, `catch_up` how many ms of distance may be made up for. Each caller
 * that waits follows, with how many of its calls do. Gives -2 when what is said of other instances is no longer true; otherwise how many permits were taken, how many ms until one may be free, the limit, how
 * many are used, the pause in ms, and the time. A permit is held until it is settled, or its process ends.
 */
export const TAKE_PERMITS = lua(
  'account held sent pace instances turns waiting',
  'epoch rate# reserved# recovery# wanted# kept# catch_up# gained# name view_until#',
)`
if redis.call('HGET', account, 'epoch') ~= epoch then return { -1 } end
if now > view_until then return { -2 } end
raise(account, 30000)
${PACE}
${USED}
${TURNS}
local limit, paused = pace_of(reserved)
local used = used_of(gained)
if paused > 0 then return { 0, paused, limit, used, paused, now } end
local permits = limit - math.floor(limit * kept)
local spare_in = 0
if kept > 0 then spare_in = (tonumber(redis.call('HGET', pace, 'spareFrom') or 0) or 0) - now end
if spare_in > window then spare_in = 0 end
local own, most, callers = turns_of()
local free = math.min(wanted, permits - used)
if free < 1 or spare_in > 0 then
  local wait = window
  if free < 1 then
    local next = { 'WITHSCORES', 'LIMIT', used - permits, 1 }
    local frees_at = redis.call('ZRANGEBYSCORE', sent, '(' .. now - gained, '+inf', unpack(next))[2]
    if frees_at then wait = math.min(wait, frees_at + gained - now) end
    local held_from = redis.call('ZRANGE', held, 0, 0, 'WITHSCORES')[2]
    if held_from then wait = math.min(wait, math.max(${HELD_LONG_MS}, held_from + window - now)) end
  else
    wait = 0
  end
  wait = math.max(1, math.ceil(wait), math.ceil(spare_in))
  keep_turns(own, wait)
  return { 0, wait, limit, used, 0, now }
end
if kept > 0 then
  local from = math.max(now + spare_in, now - catch_up)
  redis.call('HSET', pace, 'spareFrom', string.format('%.3f', from + window / permits))
  raise(pace, 5000)
end
if kept == 0 then free = have_turns(own, most, free) end
keep_turns(own, 0)
if free == 0 then
  local wait = math.max(${LOOK_AGAIN_MS}, math.ceil(callers * ${LOOK_AGAIN_EACH_MS}))
  return { 0, wait, limit, used, 0, now }
end
for index = 1, free do redis.call('ZADD', held, now, name .. index) end
raise(held, ${HELD_KEPT_MS})
return { free, 0, limit, used + free, 0, now }`;

/** Callers follow that wait no longer. */
export const LEAVE_TURNS = lua('turns waiting', '')`
for _, caller in ipairs(ARGV) do
  local had = tonumber(redis.call('ZSCORE', turns, caller) or ${RESTS})
  if had < ${RESTS} then
    redis.call('ZADD', turns, had + ${RESTS}, caller)
    redis.call('ZADD', waiting, now + ${RESTED_MS}, caller)
  end
end
return 0`;

/** How long it is remembered that an account was slowed down, in ms: longer than any takes to recover. */
const REMEMBERED_MS = 300_000;

export const PAUSE = lua('pace', 'pause#')`
local paused_until = tonumber(redis.call('HGET', pace, 'pausedUntil') or 0) or 0
redis.call('HSET', pace, 'pausedUntil', math.max(paused_until, now + math.ceil(pause)))
raise(pace, pause + ${REMEMBERED_MS})
return 0`;

/** All that was refused in one window is one lesson. */
export const SLOW_DOWN = lua('pace', 'rate# backoff# recovery#')`
${PACE}
local limit = pace_of(0)
local slowed_at = tonumber(redis.call('HGET', pace, 'reducedAt') or 0) or 0
if math.abs(now - slowed_at) >= window then
  redis.call('HSET', pace, 'reduced', math.max(1, math.floor(limit * backoff)), 'reducedAt', now)
end
raise(pace, ${REMEMBERED_MS})
return 0`;

/** Gives the limit, how many permits are used, the pause, and in how many ms none is used any more if nothing else starts. */
export const QUOTA_STATUS = lua('held sent pace instances', 'rate# reserved# recovery#')`
${PACE}
${USED}
local limit, paused = pace_of(reserved)
local used = used_of(0)
local last = redis.call('ZRANGE', sent, -1, -1, 'WITHSCORES')[2]
local reset = math.max(paused, (last or now) - now)
if redis.call('ZCARD', held) > 0 then reset = math.max(reset, window) end
return { limit, used, paused, math.ceil(reset) }`;
