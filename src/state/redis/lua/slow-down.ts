import { WINDOW_MS } from '../../sliding-window-log.ts';
import { lua } from './lua.ts';
import { PACE } from './pace.ts';

/** How long it is remembered that an account was slowed down, in ms: longer than any takes to recover. */
const REMEMBERED_MS = 300_000;

/** KEYS: pace. ARGV: pause in ms, rate, backoff, recovery a second. All that was refused in one window is one lesson. */
export const SLOW_DOWN = lua`
${PACE(WINDOW_MS)}
local limit, paused = pace_of(KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], 'pausedUntil', now + math.max(paused, math.ceil(ARGV[1])))
local slowed_at = tonumber(redis.call('HGET', KEYS[1], 'reducedAt') or 0) or 0
if now - slowed_at >= window then
  redis.call('HSET', KEYS[1], 'reduced', math.max(1, math.floor(limit * ARGV[3])), 'reducedAt', now)
end
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1]) + ${REMEMBERED_MS})
return 0`;
