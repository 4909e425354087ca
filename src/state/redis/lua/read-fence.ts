import { lua } from './lua.ts';

/**
 * KEYS: account, writes, doubts, held places, places that were used, pace. ARGV: epoch, the account's name and number of
 * writes as they were when this was last asked.
 * Gives 0 when nothing was written since, otherwise 1 with name, number of writes, the number up to which they are
 * forgotten, the last write to each resource since then, and each write that may be carried out yet with its time in ms;
 * before those how many places are used and the pause in ms.
 */
export const READ_FENCE = lua`
local account = redis.call('HMGET', KEYS[1], 'epoch', 'name', 'writes', 'forgotten')
if account[1] ~= ARGV[1] then return { -1 } end
local used = redis.call('ZCOUNT', KEYS[4], now, '+inf') + redis.call('ZCOUNT', KEYS[5], now, '+inf')
local paused = math.max(0, (tonumber(redis.call('HGET', KEYS[6], 'pausedUntil') or 0) or 0) - now)
local is_known = account[2] == ARGV[2]
if is_known and account[3] == ARGV[3] then return { 0, used, paused } end
local written = redis.call('ZRANGEBYSCORE', KEYS[2], is_known and '(' .. ARGV[3] or '-inf', '+inf', 'WITHSCORES')
local doubts = redis.call('HGETALL', KEYS[3])
for index = 2, #doubts, 2 do doubts[index] = doubts[index] - now end
return { 1, used, paused, account[2], account[3], account[4], written, doubts }`;
