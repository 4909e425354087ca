import { lua } from './lua.ts';

/** KEYS: page size. ARGV: rows, for how many ms they are remembered. */
export const NOTE_PAGE_SIZE = lua`
if tonumber(redis.call('GET', KEYS[1]) or 0) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** KEYS: page size. */
export const READ_PAGE_SIZE = lua`return tonumber(redis.call('GET', KEYS[1]) or 0)`;
