import { WINDOW_MS } from '../../sliding-window-log.ts';
import { lua } from './lua.ts';
import { PACE } from './pace.ts';

/**
 * KEYS: account, held places, places that were used, pace. ARGV: epoch, rate, places that absent instances keep, recovery a
 * second, places wanted, the share to leave free, how many ms of distance may be made up for, a name for the places, lease
 * in ms, until when on the clock of Redis what is said of absent instances is true.
 * Gives -2 when that is no longer so; otherwise how many places were taken, how many ms until one may be free, the limit, how many are used, and the pause in ms.
 * A place is held until it is settled, or until its lease ends.
 */
export const TAKE_PLACES = lua`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return { -1 } end
if now > tonumber(ARGV[10]) then return { -2 } end
raise(KEYS[1], 30000)
${PACE(WINDOW_MS)}
local limit, paused = pace_of(KEYS[4], tonumber(ARGV[2]), tonumber(ARGV[4]))
limit = math.max(1, limit - ARGV[3])
local used = used_of(KEYS[2], KEYS[3])
if paused > 0 then return { 0, paused, limit, used, paused } end
local kept, lease = tonumber(ARGV[6]), tonumber(ARGV[9])
local places = limit - math.floor(limit * kept)
local spare_in = 0
if kept > 0 then spare_in = (tonumber(redis.call('HGET', KEYS[4], 'spareFrom') or 0) or 0) - now end
local free = math.min(tonumber(ARGV[5]), places - used)
if free < 1 or spare_in > 0 then
  local wait = window
  if free < 1 then
    local sent = redis.call('ZRANGE', KEYS[3], used - places, used - places, 'WITHSCORES')[2]
    if sent then wait = math.min(wait, sent - now) end
    local held = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
    if held then wait = math.min(wait, held - lease + window - now) end
  else
    wait = 0
  end
  return { 0, math.max(1, math.ceil(wait), math.ceil(spare_in)), limit, used, 0 }
end
if kept > 0 then
  local from = math.max(now + spare_in, now - ARGV[7])
  redis.call('HSET', KEYS[4], 'spareFrom', string.format('%.3f', from + window / places))
  raise(KEYS[4], 5000)
end
for index = 1, free do redis.call('ZADD', KEYS[2], now + lease, ARGV[8] .. index) end
redis.call('PEXPIRE', KEYS[2], lease)
return { free, 0, limit, used + free, 0 }`;
