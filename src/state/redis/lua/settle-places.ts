import { WINDOW_MS } from '../../sliding-window-log.ts';
import { lua } from './lua.ts';

/**
 * KEYS: account, held places, places that were used. ARGV: for how many ms the account is remembered, then for each place
 * its name and how many ms ago its request arrived (-1: none was sent).
 */
export const SETTLE_PLACES = lua`
for index = 2, #ARGV, 2 do
  redis.call('ZREM', KEYS[2], ARGV[index])
  local ago = tonumber(ARGV[index + 1])
  if ago >= 0 then
    raise(KEYS[1], tonumber(ARGV[1]))
    if ago < ${WINDOW_MS} then redis.call('ZADD', KEYS[3], now - ago + ${WINDOW_MS}, ARGV[index]) end
  end
end
redis.call('PEXPIRE', KEYS[3], ${2 * WINDOW_MS})
return 0`;

/** KEYS: held places. ARGV: lease in ms, then the names of places that are still held. */
export const RENEW_PLACES = lua`
for index = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[index]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 0`;
