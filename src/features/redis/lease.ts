import { luaInStore } from './client.ts';

/** A lease ends after this time unless its holder renews it, in ms. */
export const LEASE_MS = 3_000;

/** Renews leases for `ms`, or gives them back: 0. Leases of other holders stay as they are. */
export const LEASE = luaInStore('lease:string', 'holder ms#')`
for index = 2, #KEYS do
  if redis.call('GET', KEYS[index]) == holder then
    if ms > 0 then redis.call('PEXPIRE', KEYS[index], ms) else redis.call('DEL', KEYS[index]) end
  end
end
return { 1, now }`;
