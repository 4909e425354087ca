import { lua } from './lua.ts';

/**
 * KEYS: account, writes, doubts. ARGV: epoch, a name that was never used, for how many ms.
 * Begins the record of an account that the store does not have in this epoch. Under the new name no older copy counts.
 */
export const ENTER_ACCOUNT = lua`
if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'name', ARGV[2], 'writes', 0, 'forgotten', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;
