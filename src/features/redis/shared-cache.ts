import { wait } from '../../base/clock.ts';
import type { CacheEntry } from '../../state/cache-entries.ts';
import { type Call, versionOf } from '../../transport/call.ts';
import type { Interceptor, Send } from '../../transport/step.ts';
import type { ServePolicy } from '../../transport/steps/cache.ts';
import type { Usage } from '../../transport/usage.ts';
import { luaInStore } from './client.ts';
import type { AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';

/** Larger answers are not shared: they would delay all other commands. */
const MAX_SHARED_BYTES = 1024 * 1024;
/**
 * Most calls are answered within this time, in ms. Another process may repeat a call that takes longer. A call in the background
 * may wait long for its permit.
 */
const CALL_LEASE_MS = 5_000;
const BACKGROUND_LEASE_MS = 15_000;
/**
 * How long a process waits before it looks again whether another process has the answer, in ms: first, growth and longest. In the
 * background it waits the longest time at once.
 */
const FIRST_WAIT_MS = 4;
const WAIT_GROWTH = 1.5;
const LONGEST_WAIT_MS = 200;

/**
 * Looks up an entry, which is as good as a call if it is younger than `fresh` ms, or was filled after the time `since`. If it is
 * not, takes the lease to fill it. Replies 1 if the entry is good and 2 if the process has the lease, the age of the entry in ms, the
 * time at which it was asked for, and the entry if it is good.
 */
export const LOOK_UP = luaInStore('entry lease', 'fresh# since holder ms#')`
local found = redis.call('HMGET', entry, 'at', 'value')
local at = found[2] and found[1] or ''
local age = now - (tonumber(at) or 0)
if at ~= '' and (age < fresh or (since ~= '' and at ~= since)) then return { 1, now, 1, age, at, found[2] } end
local has_lease = redis.call('SET', lease, holder, 'NX', 'PX', ms)
return { 1, now, has_lease and 2 or 0, age, at, '' }`;

/** Stores an answer that is `age` ms old for `ttl` ms, unless there is a newer one, and gives the lease of the holder back. */
export const FILL = luaInStore('entry lease', 'holder age# ttl# value')`
if redis.call('GET', lease) == holder then redis.call('DEL', lease) end
if now - age > (tonumber(redis.call('HGET', entry, 'at')) or 0) then
  redis.call('HSET', entry, 'at', now - age, 'value', value)
  redis.call('PEXPIRE', entry, ttl)
end
return { 1, now }`;

/** Gives a lease back, unless another holder has it. */
export const RELEASE = luaInStore('lease', 'holder')`
if redis.call('GET', lease) == holder then redis.call('DEL', lease) end
return { 1, now }`;

/** What is stored of an answer. Only who has the account's key can have written it. */
type StoredEntry = Omit<CacheEntry, 'ageMs'>;

type Reply = [outcome: number, ageMs: number, at: Buffer, sealed: Buffer];

/** A call with a rate of its own, or for which no client waits, may be made later than others. So only its equals wait for it. */
function turnOf({ origin, notes }: Call<unknown>): string {
  if (notes.background) return 'last';
  return origin.callerRate === undefined ? 'usual' : 'limited';
}

/**
 * Serves what another process has read, or waits for its call. Of the equal calls of all processes one is made, by the process that
 * has the lease of the entry.
 */
export function sharedCache(link: RedisLink, accounts: AccountKeyspaces, policy: ServePolicy): Interceptor {
  const { clock } = link;

  const locate = (call: Call<unknown>) => {
    const account = accounts.of(call.origin.account);
    const name = account.encryption.name(versionOf(call));
    const entry = `entry-${name}`;
    const lease = `lease-${turnOf(call)}-${name}`;
    return { account, entry, lease, place: account.place(entry) };
  };

  /** Makes the call for all processes. */
  const fetch = async <T>(next: Send, call: Call<T>, usage: Usage, located: ReturnType<typeof locate>) => {
    const { account, entry, lease, place } = located;
    let isFilling = false;
    try {
      const answer = await next(call, usage);
      const { value, bytes, sentAt } = answer;
      const ageMs = Math.ceil(clock.now() - sentAt);
      const ttlMs = Math.floor(policy.keptMsOf(call) - ageMs);
      isFilling = bytes <= MAX_SHARED_BYTES && ttlMs > 0 && !link.isLost;
      if (isFilling) {
        const stored: StoredEntry = { value, bytes };
        const sealed = account.encryption.seal(JSON.stringify(stored), place);
        // Without Redis, the answer is not shared.
        account.run(FILL, [entry, lease], [link.me, ageMs, ttlMs, sealed]).catch(() => undefined);
      }
      return answer;
    } finally {
      if (!isFilling) account.run(RELEASE, [lease], [link.me]).catch(() => undefined);
    }
  };

  const read = async <T>(next: Send, call: Call<T>, usage: Usage) => {
    const located = locate(call);
    const { account, entry, lease, place } = located;
    const [firstMs, leaseMs] = call.notes.background
      ? [LONGEST_WAIT_MS, BACKGROUND_LEASE_MS]
      : [FIRST_WAIT_MS, CALL_LEASE_MS];
    let since = '';
    for (let waitMs = firstMs; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * WAIT_GROWTH)) {
      const args = [policy.freshMsOf(call), since, link.me, leaseMs];
      const reply = await account.run(LOOK_UP, [entry, lease], args).catch(() => undefined);
      // Redis is lost: each process makes its own calls.
      if (!reply) return next(call, usage);
      const [outcome, ageMs, at, sealed] = reply as Reply;
      const text = account.encryption.open(sealed, place);
      if (text !== undefined) {
        const stored = JSON.parse(text) as StoredEntry;
        return policy.serve<T>({ ...stored, ageMs: Math.max(0, ageMs) }, since === '' ? 'fresh' : 'shared');
      }
      // An entry that cannot be read is replaced.
      if (outcome > 0) return fetch(next, call, usage, located);
      if (since === '') since = String(at) || '0';
      const leftMs = call.deadline - clock.now();
      // The next step fails with the reason.
      if (leftMs <= 0 || call.signal?.aborted) return next(call, usage);
      await wait(clock, Math.min(waitMs, leftMs));
    }
  };

  return (next) => (call, usage) => {
    const isReady = !link.isLost && !call.notes.isLost;
    const isShared = call.kind === 'read' && policy.freshMsOf(call) > 0;
    return isReady && isShared ? read(next, call, usage) : next(call, usage);
  };
}
