import { lua } from './lua.ts';

/**
 * KEYS: store. ARGV: the run of the Redis process, the epoch that begins if there is none of this run.
 * Gives the epoch and its age in ms. A store that is new, was flushed or was started again begins another epoch.
 */
export const OPEN_STORE = lua`
local found = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'since')
if found[1] == ARGV[1] then return { found[2], now - found[3] } end
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', ARGV[2], 'since', now)
redis.call('PEXPIRE', KEYS[1], 3600000)
return { ARGV[2], 0 }`;

/** KEYS: store. ARGV: the run of the Redis process, the epoch that begins now. */
export const BEGIN_EPOCH = lua`
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', ARGV[2], 'since', now)
redis.call('PEXPIRE', KEYS[1], 3600000)
return 1`;
