import type { CacheEntry, Lease, Lookup, LookupResult, SharedCache } from '../port.ts';
import { type Argument, type LuaScript, lua } from './client.ts';
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

const END_LEASE = `
if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'lease', 'isBackground')
end
`;

/**
 * KEYS: entry, account. ARGV: lease, age in ms, for how many ms it is cached, value. The account is remembered as long: when it
 * is forgotten, no entry of it is valid any more.
 */
const FILL = lua`${END_LEASE}
redis.call('HSET', KEYS[1], 'value', ARGV[4], 'askedAt', now - math.floor(ARGV[2]), 'filledAt', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3]))
raise(KEYS[2], tonumber(ARGV[3]))
return 0`;

/** KEYS: entry. ARGV: lease. */
const RELEASE = lua`${END_LEASE} return 0`;

/** KEYS: entry. Throws away what cannot be read. */
const DROP = lua`return redis.call('HDEL', KEYS[1], 'value', 'askedAt', 'filledAt')`;

/** A larger answer is not shared: it would keep all others from the store. */
const MAX_SHARED_BYTES = 1024 * 1024;

/** Cache entries that the processes of a gateway share, each encrypted under its account's key. */
export class RedisCache implements SharedCache {
  readonly #link: RedisLink;
  readonly #accounts: AccountKeyspaces;

  constructor(link: RedisLink, accounts: AccountKeyspaces) {
    this.#link = link;
    this.#accounts = accounts;
  }

  async lookUp(accountName: string, name: string, lookup: Lookup): Promise<LookupResult> {
    const account = this.#accounts.of(accountName);
    const key = account.key(`entry-${account.encryption.name(name)}`);
    try {
      const result = await this.#lookUp(account, key, lookup);
      if (result) return result;
      // An entry that cannot be read is none.
      await this.#link.offer(DROP, [key], []);
      return (await this.#lookUp(account, key, lookup)) ?? DEGRADED;
    } catch {
      return DEGRADED;
    }
  }

  /** Undefined: there is an entry, but none that was filled here. @throws when the store is lost. */
  async #lookUp(account: AccountKeyspace, key: string, lookup: Lookup): Promise<LookupResult | undefined> {
    const { freshMs, since = 0, isBackground } = lookup;
    const { membership } = this.#link;
    const holder = membership.nextName();
    const args = [freshMs, since, holder, isBackground ? 1 : 0];
    const reply = await this.#link.offer(LOOK_UP, [key, membership.instances], args);
    const [askedAt, found, ageMs, value] = reply as [number, number, number, Buffer];
    const lease = found === FOUND.isLeased ? this.#lease(account, key, holder) : undefined;
    const entry = value.length > 0 ? open(account, key, value, ageMs) : undefined;
    if (value.length > 0 && !entry) {
      lease?.release();
      return undefined;
    }
    return { entry, isEnough: found === FOUND.isEnough, lease, askedAt };
  }

  #lease(account: AccountKeyspace, key: string, holder: string): Lease {
    // One that cannot be ended is over when the store is lost.
    const end = (script: LuaScript, keys: readonly string[], args: readonly Argument[]) =>
      void this.#link.offer(script, [key, ...keys], [holder, ...args]).catch(() => undefined);
    const release = () => end(RELEASE, [], []);
    return {
      release,
      fill({ value, bytes, ageMs }, ttlMs) {
        if (bytes > MAX_SHARED_BYTES || ttlMs <= 0) return release();
        const sealed = account.encryption.seal(JSON.stringify({ value, bytes }), key);
        end(FILL, [account.key('account')], [ageMs, ttlMs, sealed]);
      },
    };
  }
}

function open(
  { encryption }: AccountKeyspace,
  key: string,
  sealed: Buffer,
  ageMs: number,
): CacheEntry | undefined {
  const text = encryption.open(sealed, key);
  return text === undefined ? undefined : { ...(JSON.parse(text) as Omit<CacheEntry, 'ageMs'>), ageMs };
}

/** The store is lost: each process makes its own calls. */
const DEGRADED: LookupResult = {
  entry: undefined,
  isEnough: false,
  lease: { fill() {}, release() {} },
  askedAt: 0,
};
