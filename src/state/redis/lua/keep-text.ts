import { lua } from './lua.ts';

/** KEYS: text. ARGV: for how many ms it is kept after it is read. Gives the text, or an empty one. */
export const READ_TEXT = lua`
local text = redis.call('GET', KEYS[1])
if not text then return '' end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return text`;

/** KEYS: text. ARGV: for how many ms it is kept, text. */
export const KEEP_TEXT = lua`return redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])`;
