import type { CacheEntry, Lease, LookupResult, SharedCache } from '../port.ts';
import { type Argument, lua } from './client.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { IS_HELD } from './membership.ts';

/** Longer than any call takes; a lease outlasts it where a call does not end. */
const LONGEST_CALL_MS = 200_000;

/**
 * KEYS: entry, instances. ARGV: how old it may be in ms, since when it may have been filled whatever its age (0: never), a name
 * for the lease, whether nobody waits for the call ("1").
 * Gives the time; 1: the entry will do, 2: another process has the lease, 3: the asker has it; the entry's age in ms, or -1 if
 * there is none, and the entry.
 */
const LOOK_UP = lua`${IS_HELD}
local found = redis.call('HMGET', KEYS[1], 'value', 'askedAt', 'filledAt', 'lease', 'isBackground')
local value, since = found[1], tonumber(ARGV[2])
local age = value and now - found[2] or -1
if value and (age < tonumber(ARGV[1]) or (since > 0 and tonumber(found[3]) >= since)) then
  return { now, 1, age, value }
end
if (found[5] == '0' or ARGV[4] == '1') and is_held(KEYS[2], found[4]) then
  return { now, 2, age, since == 0 and value or '' }
end
redis.call('HSET', KEYS[1], 'lease', ARGV[3], 'isBackground', ARGV[4])
raise(KEYS[1], ${LONGEST_CALL_MS})
return { now, 3, age, value or '' }`;
const FOUND = { isEnough: 1, isLeased: 3 };

/**
 * KEYS: entry, account. ARGV: lease; then, if there is an answer, its age in ms, for how many ms it is cached, and its value. The
 * account is remembered as long: when it is forgotten, no entry of it is valid any more.
 */
const END_LEASE = lua`
if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lease', 'isBackground')
end
if ARGV[4] then
  redis.call('HSET', KEYS[1], 'value', ARGV[4], 'askedAt', now - math.floor(ARGV[2]), 'filledAt', now)
  redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3]))
  raise(KEYS[2], tonumber(ARGV[3]))
end
return 0`;

type Kept = Omit<CacheEntry, 'ageMs'>;

/** A larger answer is not shared: it would keep all others from the store. */
const MAX_SHARED_BYTES = 1024 * 1024;

/** Cache entries that the processes of a gateway share, each encrypted under its account's key. */
export function createSharedCacheInRedis(link: RedisLink, accounts: AccountKeyspaces): SharedCache {
  const leaseOf = (account: AccountKeyspace, key: string, holder: string): Lease => {
    const end = (...answer: readonly Argument[]) => {
      // One that cannot be ended is over when the store is lost.
      link.offer(END_LEASE, [key, account.key('account')], [holder, ...answer]).catch(() => undefined);
    };
    return {
      release: () => end(),
      fill({ value, bytes, ageMs }, ttlMs) {
        if (bytes > MAX_SHARED_BYTES || ttlMs <= 0) end();
        else end(ageMs, ttlMs, account.encryption.seal(JSON.stringify({ value, bytes }), key));
      },
    };
  };

  return {
    async lookUp(accountName, name, { freshMs, since = 0, isBackground }): Promise<LookupResult> {
      const account = accounts.of(accountName);
      const key = account.key(`entry-${account.encryption.name(name)}`);
      const holder = link.membership.nextName();
      const lease = leaseOf(account, key, holder);
      const args = [freshMs, since, holder, isBackground ? 1 : 0];
      try {
        const reply = await link.offer(LOOK_UP, [key, link.membership.instances], args);
        const [askedAt, found, ageMs, sealed] = reply as [number, number, number, Buffer];
        const text = sealed.length > 0 ? account.encryption.open(sealed, key) : undefined;
        const entry = text === undefined ? undefined : { ...(JSON.parse(text) as Kept), ageMs };
        // One that cannot be read is none: that of this process takes its place, whoever has the lease.
        const isBroken = !entry && sealed.length > 0;
        const isLeased = found === FOUND.isLeased || isBroken;
        const isEnough = found === FOUND.isEnough && !isBroken;
        return { entry, isEnough, lease: isLeased ? lease : undefined, askedAt };
      } catch {
        return DEGRADED;
      }
    },
  };
}

/** The store is lost: each process makes its own calls. */
const DEGRADED: LookupResult = {
  entry: undefined,
  isEnough: false,
  lease: { fill() {}, release() {} },
  askedAt: 0,
};
