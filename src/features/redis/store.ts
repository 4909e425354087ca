import { lua } from './client.ts';

/**
 * Enters the store, which holds everything that gateways share. A new store begins if there is none, or if another run of Redis
 * has begun it: a restarted Redis, or a replica that takes its place, may lack permits and writes.
 *
 * Replies the time, the id of the store, and its age in ms. Writes in any case, so that a Redis that takes no writes refuses.
 */
export const ENTER = lua('store', 'run new_id')`
if redis.call('HGET', store, 'run') ~= run then
  redis.call('DEL', store)
  redis.call('HSET', store, 'id', new_id, 'begun', now)
end
redis.call('HSET', store, 'run', run)
local found = redis.call('HMGET', store, 'id', 'begun')
return { now, found[1], now - (tonumber(found[2]) or 0) }`;
