import { lua } from './lua.ts';

/**
 * KEYS: store, instances. ARGV: epoch, instance, whether it keeps its share ("1") or is well ("0"), after how many ms an
 * instance counts as absent, after how many it is forgotten, until when on the clock of Redis it may run (0: at any time).
 * Gives 0 when the store has another epoch, -1 when it is too late; otherwise how many instances there are, for each of the
 * others that is absent or keeps its share among how many it has divided the quota, and the time. One that comes too late
 * would make others believe that the instance is well, which has given up meanwhile.
 */
export const BEAT = lua`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return { 0 } end
if tonumber(ARGV[6]) > 0 and now > tonumber(ARGV[6]) then return { -1, {}, now } end
local kept = {}
local all = redis.call('HGETALL', KEYS[2])
for index = 1, #all, 2 do
  local at, keeps, count = string.match(all[index + 1], '^(%d+) (%d) (%d+)$')
  if not at or now - at > tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[2], all[index])
  elseif all[index] ~= ARGV[2] and (keeps == '1' or now - at > tonumber(ARGV[4])) then
    kept[#kept + 1] = tonumber(count)
  end
end
redis.call('HSET', KEYS[2], ARGV[2], '')
local count = redis.call('HLEN', KEYS[2])
redis.call('HSET', KEYS[2], ARGV[2], string.format('%.0f %s %d', now, ARGV[3], count))
redis.call('PEXPIRE', KEYS[2], 3600000)
redis.call('PEXPIRE', KEYS[1], 3600000)
return { count, kept, now }`;

/** KEYS: instances. ARGV: instance. */
export const LEAVE = lua`return redis.call('HDEL', KEYS[1], ARGV[1])`;
