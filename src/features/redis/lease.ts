import { luaInStore } from './client.ts';

/** Gives a lease back, unless another holder has it. */
export const RELEASE = luaInStore('lease', 'holder')`
if redis.call('GET', lease) == holder then redis.call('DEL', lease) end
return { 1, now }`;
