import { lua } from './lua.ts';

const END_LEAD = `
if redis.call('HGET', KEYS[1], 'lead') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lead', 'leadUntil', 'isBackground')
end
`;

/**
 * KEYS: copy, account. ARGV: lead, age in ms, for how many ms it is kept, value. The account is remembered as long: when it
 * is forgotten, no copy of it counts any more.
 */
export const KEEP_COPY = lua`${END_LEAD}
redis.call('HSET', KEYS[1], 'value', ARGV[4], 'askedAt', now - math.floor(ARGV[2]), 'keptAt', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3]))
raise(KEYS[2], tonumber(ARGV[3]))
return 0`;

/** KEYS: copy. ARGV: lead. */
export const GIVE_UP_COPY = lua`${END_LEAD} return 0`;

/** KEYS: copy. ARGV: lead, lease in ms. */
export const RENEW_LEAD = lua`
if redis.call('HGET', KEYS[1], 'lead') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'leadUntil', now + ARGV[2])
  raise(KEYS[1], tonumber(ARGV[2]))
end
return 0`;

/** KEYS: copy. Throws away what cannot be read. */
export const DROP_COPY = lua`return redis.call('HDEL', KEYS[1], 'value', 'askedAt', 'keptAt')`;
