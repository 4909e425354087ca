import { lua } from './lua.ts';

const MAX_REMEMBERED = 10_000;

/**
 * KEYS: account, writes, doubts. ARGV: epoch, the write, for how many ms it may be carried out yet (0: it is over), for how
 * many all this is remembered, then the resources; "*" stands for every resource of the account.
 */
export const NOTE_WRITE = lua`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return { -1 } end
local number = redis.call('HINCRBY', KEYS[1], 'writes', 1)
local doubt, keep = tonumber(ARGV[3]), tonumber(ARGV[4])
local doubts = redis.call('HGETALL', KEYS[3])
for index = 1, #doubts, 2 do
  if tonumber(doubts[index + 1]) <= now then redis.call('HDEL', KEYS[3], doubts[index]) end
end
if ARGV[5] == '*' then
  redis.call('HSET', KEYS[1], 'forgotten', number)
  redis.call('DEL', KEYS[2])
end
for index = 5, #ARGV do
  redis.call('ZADD', KEYS[2], number, ARGV[index])
  local field = ARGV[index] .. ' ' .. ARGV[2]
  if doubt > 0 then redis.call('HSET', KEYS[3], field, now + math.ceil(doubt)) else redis.call('HDEL', KEYS[3], field) end
end
local over = redis.call('ZCARD', KEYS[2]) - ${MAX_REMEMBERED}
if over > 0 then
  redis.call('HSET', KEYS[1], 'forgotten', redis.call('ZRANGE', KEYS[2], over - 1, over - 1, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, over - 1)
end
for index = 1, 3 do raise(KEYS[index], keep) end
return { number }`;
