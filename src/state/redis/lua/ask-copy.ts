import { lua } from './lua.ts';

/**
 * KEYS: copy. ARGV: how old it may be in ms, since when it may have been kept whatever its age (0: never), a name for the
 * lead, its lease in ms, whether nobody waits for the call ("1").
 * Gives the time, 1: the copy will do, 2: another one makes the call, 3: the asker makes it; the copy's age in ms, or -1 if
 * there is none, and the copy.
 */
export const ASK_COPY = lua`
local found = redis.call('HMGET', KEYS[1], 'value', 'askedAt', 'keptAt', 'lead', 'leadUntil', 'isBackground')
local value, since = found[1], tonumber(ARGV[2])
local age = value and now - found[2] or -1
if value and (age < tonumber(ARGV[1]) or (since > 0 and tonumber(found[3]) >= since)) then
  return { now, 1, age, value }
end
local is_led = found[4] and tonumber(found[5]) > now
if is_led and (found[6] == '0' or ARGV[5] == '1') then return { now, 2, age, since == 0 and value or '' } end
redis.call('HSET', KEYS[1], 'lead', ARGV[3], 'leadUntil', now + ARGV[4], 'isBackground', ARGV[5])
raise(KEYS[1], tonumber(ARGV[4]))
return { now, 3, age, value or '' }`;
