/** How many ms a request counts, and what an account that was told to slow down may do now. */
export const PACE = (windowMs: number) => `
local window = ${windowMs}
local function pace_of(key, rate, recovery)
  local pace = redis.call('HMGET', key, 'pausedUntil', 'reduced', 'reducedAt')
  local paused = math.max(0, (tonumber(pace[1] or 0) or 0) - now)
  local limit = rate
  if pace[2] then
    limit = math.min(rate, math.floor(pace[2] + (now - pace[3]) / 1000 * recovery * rate))
  end
  return limit, paused
end
local function used_of(held, sent)
  redis.call('ZREMRANGEBYSCORE', held, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', sent, '-inf', now)
  return redis.call('ZCARD', held) + redis.call('ZCARD', sent)
end
`;
