import { every } from '../../transport/clock.ts';
import { luaInStore } from './client.ts';
import type { RedisLink } from './link.ts';

/** A lease ends after this time unless its holder renews it, in ms. */
export const LEASE_MS = 3_000;
const RENEW_MS = 1_000;

/** Renews leases for `ms`, or gives them back: 0. Leases of other holders stay as they are. */
export const LEASE = luaInStore('lease:string', 'holder ms#')`
for index = 2, #KEYS do
  if redis.call('GET', KEYS[index]) == holder then
    if ms > 0 then redis.call('PEXPIRE', KEYS[index], ms) else redis.call('DEL', KEYS[index]) end
  end
end
return { 1, now }`;

/**
 * Keeps the leases of an account that this process has taken, each under a name of its own in the store. One script renews all of
 * them.
 */
export function createLeases(link: RedisLink, tag: string) {
  const held = new Set<string>();
  let stop: (() => void) | undefined;
  const change = (names: readonly string[], ms: number) => {
    link.run(LEASE, tag, names, [link.me, ms]).catch(() => undefined);
  };
  return {
    keep(name: string): void {
      held.add(name);
      stop ??= every(link.clock, RENEW_MS, () => change([...held], LEASE_MS));
    },
    /** Renews the lease no more. `isFree`: the store knows that it is free. */
    end(name: string, isFree: boolean): void {
      held.delete(name);
      if (!isFree) change([name], 0);
      if (held.size > 0) return;
      stop?.();
      stop = undefined;
    },
  };
}
