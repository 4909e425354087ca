import { WINDOW_MS } from '../../sliding-window-log.ts';
import { lua } from './lua.ts';
import { PACE } from './pace.ts';

/**
 * KEYS: held places, places that were used, pace. ARGV: rate, places that absent instances keep, recovery a second.
 * Gives the limit, how many places are used, the pause, and in how many ms none is used any more if nothing else starts.
 */
export const QUOTA_STATUS = lua`
${PACE(WINDOW_MS)}
local limit, paused = pace_of(KEYS[3], tonumber(ARGV[1]), tonumber(ARGV[3]))
local used = used_of(KEYS[1], KEYS[2])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
local reset = math.max(paused, (last or now) - now)
if redis.call('ZCARD', KEYS[1]) > 0 then reset = math.max(reset, window) end
return { math.max(1, limit - ARGV[2]), used, paused, math.ceil(reset) }`;
