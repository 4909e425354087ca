import { luaInStore } from './client.ts';

/** A lease ends after this time unless its holder renews it, in ms. */
export const LEASE_MS = 3_000;
export const RENEW_LEASE_MS = 1_000;

/** Renews a lease for `ms`, or gives it back: 0. Replies whether this holder has it. */
export const LEASE = luaInStore('lease:string', 'holder ms#')`
if redis.call('GET', lease) ~= holder then return { 1, now, 0 } end
if ms > 0 then redis.call('PEXPIRE', lease, ms) else redis.call('DEL', lease) end
return { 1, now, 1 }`;
