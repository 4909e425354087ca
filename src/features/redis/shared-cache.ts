import type { CacheEntry, Lease, LookupResult, SharedCache } from '../../state/port.ts';
import { type Argument, lua } from './client.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { IS_HELD } from './membership.ts';

/** Longer than any call takes. An entry's key, with its lease, is kept at least this long. */
const LONGEST_CALL_MS = 200_000;

/**
 * Looks up an entry, or takes the lease to fill it. `since`: an entry filled since this time is enough at any age (0: none is).
 * Replies the time of Redis, a result, the entry's age in ms, and the entry.
 * Results: 1: the entry is enough. 2: another process has the lease. 3: this process has the lease.
 * An entry with a negative age counts as missing: Redis's clock was set back.
 */
const LOOK_UP = lua('entry beats', 'fresh# since# lease turn')`${IS_HELD}
local found = redis.call('HMGET', entry, 'value', 'askedAt', 'filledAt', 'lease', 'turn')
local age = found[1] and now - found[2] or -1
local value = age >= 0 and found[1]
if value and (age < fresh or (since > 0 and tonumber(found[3]) >= since)) then
  return { now, 1, age, value }
end
local is_of_other = string.match(found[4] or '', '^[^.]+') ~= string.match(lease, '^[^.]+')
if is_of_other and (found[5] == 'usual' or turn == 'last') and is_held(found[4]) then
  return { now, 2, age, since == 0 and value or '' }
end
redis.call('HSET', entry, 'lease', lease, 'turn', turn)
raise(entry, ${LONGEST_CALL_MS})
return { now, 3, age, value or '' }`;
const FOUND = { isFreshEnough: 1, isLeased: 3 };

/**
 * Ends a lease and stores the answer, if there is an answer. Keeps a newer answer, unless Redis's clock was set back since.
 * Keeps the account as long as the answer: without the account, its entries are invalid.
 */
const END_LEASE = lua('entry account', 'lease age ttl value')`
if redis.call('HGET', entry, 'lease') == lease then redis.call('HDEL', entry, 'lease', 'turn') end
if not value then return 0 end
local asked_at, last_at = now - math.floor(age), tonumber(redis.call('HGET', entry, 'askedAt') or 0)
if last_at <= asked_at or last_at > now then
  redis.call('HSET', entry, 'value', value, 'askedAt', asked_at, 'filledAt', now)
  redis.call('PEXPIRE', entry, math.ceil(ttl))
  raise(account, tonumber(ttl))
end
return 0`;

type Kept = Omit<CacheEntry, 'ageMs'>;

/** Larger answers are not shared: they would delay all other commands. */
const MAX_SHARED_BYTES = 1024 * 1024;

/** Cache entries that all processes share, each encrypted under its account's key. */
export function createSharedCacheInRedis(link: RedisLink, accounts: AccountKeyspaces): SharedCache {
  const leaseOf = (account: AccountKeyspace, key: string, holder: string): Lease => {
    const end = (...answer: readonly Argument[]) => {
      // If the store is lost, the lease ends without this command.
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
    async lookUp(accountName, name, { freshMs, since = 0, turn }): Promise<LookupResult> {
      const account = accounts.of(accountName);
      const key = account.key(`entry-${account.encryption.name(name)}`);
      const holder = link.membership.nextName();
      const lease = leaseOf(account, key, holder);
      const args = [freshMs, since, holder, turn];
      try {
        const reply = await link.offer(LOOK_UP, [key, link.membership.beats], args);
        const [askedAt, found, ageMs, sealed] = reply as [number, number, number, Buffer];
        const text = sealed.length > 0 ? account.encryption.open(sealed, key) : undefined;
        const entry = text === undefined ? undefined : { ...(JSON.parse(text) as Kept), ageMs };
        // A broken entry counts as missing: this process replaces it, even if another process has the lease.
        const isBroken = !entry && sealed.length > 0;
        const isLeased = found === FOUND.isLeased || isBroken;
        const isFreshEnough = found === FOUND.isFreshEnough && !isBroken;
        return { entry, isFreshEnough, lease: isLeased ? lease : undefined, askedAt };
      } catch {
        return DEGRADED;
      }
    },
  };
}

/** The result while the store is lost: each process makes its own calls. */
const DEGRADED: LookupResult = {
  entry: undefined,
  isFreshEnough: false,
  lease: { fill() {}, release() {} },
  askedAt: 0,
};
