import { LRUCache } from 'lru-cache';
import type { CacheEntry, Lease, LookupResult, SharedCache } from '../../state/port.ts';
import {
  type CachedAnswer,
  type CacheRecord,
  type CacheView,
  fill,
  keptMs,
  leaseOf,
  lookUp,
  textOfLease,
} from './cache-record.ts';
import type { Argument } from './client.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { compareAndSet, OUTCOME, parsedObject } from './record-store.ts';

/** Larger answers are not shared: they would delay all other commands. */
const MAX_SHARED_BYTES = 1024 * 1024;
/**
 * The most bytes of the records that this process remembers. It remembers the answers that it has filled, as it is likely to fill
 * them again. The lease of a remembered answer takes one command, of another old answer two.
 */
const MAX_REMEMBERED_BYTES = 8 * 1024 * 1024;
/** The memory of a record without its answer, in bytes. */
const RECORD_BYTES = 1024;
/** How often a change is made again because another process was faster. */
const MOST_TRIES = 10;
const FIELDS = ['lease', 'askedAt', 'value'];

/** The record as this process last saw it. */
interface Known {
  readonly version: string;
  readonly record: CacheRecord | undefined;
}
const NOTHING_KNOWN: Known = { version: '', record: undefined };

type Change<T> = (
  record: CacheRecord | undefined,
  now: number,
) => { readonly record: CacheRecord | undefined; readonly result: T };

type Sealed = Omit<CachedAnswer, 'askedAt'>;

/** Cache entries that all processes share, each encrypted under its account's key. */
export function createSharedCacheInRedis(link: RedisLink, accounts: AccountKeyspaces): SharedCache {
  const { membership } = link;
  const remembered = new LRUCache<string, Known>({ maxSize: MAX_REMEMBERED_BYTES });
  const isHeld = (holder: string, takenAt: number) =>
    !holder.startsWith(`${membership.instance}.`) && membership.isHeld(holder, takenAt);

  const open = ({ encryption }: AccountKeyspace, key: string, sealed: Buffer): Sealed | undefined => {
    const text = encryption.open(sealed, key);
    const value = text === undefined ? undefined : (parsedObject(text) as Partial<Sealed> | undefined);
    if (typeof value?.by === 'string') return value as Sealed;
    if (text !== undefined) link.rejected('entry');
    return undefined;
  };

  const read = (
    account: AccountKeyspace,
    key: string,
    [lease, askedAt, sealed]: readonly (Buffer | null)[],
    storedAt: number,
  ): CacheRecord => {
    if (!sealed?.length) return { answer: undefined, lease: leaseOf(lease), storedAt };
    const answer = open(account, key, sealed);
    // The process replaces a broken answer, even if another process has the lease.
    if (!answer) return { answer, lease: undefined, storedAt };
    return { answer: { ...answer, askedAt: Number(askedAt) }, lease: leaseOf(lease), storedAt };
  };

  const write = (
    { encryption }: AccountKeyspace,
    key: string,
    { answer, lease }: CacheRecord,
    before: CacheRecord | undefined,
  ): readonly Argument[] => {
    const changed = lease === before?.lease ? [] : ['lease', textOfLease(lease)];
    if (!answer || answer === before?.answer) return changed;
    const { askedAt, ...sealed } = answer;
    return [...changed, 'askedAt', askedAt, 'value', encryption.seal(JSON.stringify(sealed), key)];
  };

  /** Changes the record of a key. @throws when Redis is lost or refuses the change. */
  const update = async <T>(
    account: AccountKeyspace,
    key: string,
    before: Known,
    change: Change<T>,
    touchMs: number,
  ) => {
    const keys = [key, account.key('account')] as const;
    let known = before;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const time = membership.clock.expectedAt(link.now());
      const { record, result } = change(known.record, time);
      const changed = record === known.record ? undefined : record;
      const next = changed ? membership.nextName() : '';
      const [outcome, storedAt, version, at, values] = await compareAndSet(link, link.offer, {
        keys,
        version: known.version,
        keepMs: changed ? keptMs(changed, time) : 0,
        touchMs,
        next,
        asked: FIELDS,
        written: changed ? write(account, key, changed, known.record) : [],
      });
      if (outcome === OUTCOME.stored)
        return { result, known: changed ? { version: next, record: { ...changed, storedAt } } : known };
      known = { version: String(version), record: read(account, key, values, Number(at)) };
      const again = change(known.record, storedAt);
      // The record that Redis has just replied is enough if nothing changes.
      if (again.record === known.record) return { result: again.result, known };
    }
    throw new Error('Other processes change the entry again and again');
  };

  const leaseFor = (account: AccountKeyspace, key: string, holder: string, taken: Known): Lease => {
    const end = async (answer?: CacheEntry & { readonly ttlMs: number }): Promise<void> => {
      const change: Change<void> = (found, now) => ({
        record: fill(found, now, holder, answer),
        result: undefined,
      });
      try {
        const { known } = await update(account, key, taken, change, answer?.ttlMs ?? 0);
        // A lease that ends without an answer leaves the old answer, which counts as well.
        remembered.set(key, known, { size: RECORD_BYTES + 3 * (known.record?.answer?.bytes ?? 0) });
      } catch {
        // Redis may have no room for the answer. If the store is lost, the lease ends without this command.
        if (answer) await end();
      }
    };
    return {
      release: () => void end(),
      fill({ value, bytes, ageMs }, ttlMs) {
        const isShared = bytes <= MAX_SHARED_BYTES && ttlMs > 0;
        void end(isShared ? { value, bytes, ageMs, ttlMs } : undefined);
      },
    };
  };

  return {
    async lookUp(accountName, name, lookup): Promise<LookupResult> {
      const account = accounts.of(accountName);
      const key = account.key(`entry-${account.encryption.name(name)}`);
      const holder = membership.nextName();
      const change: Change<CacheView> = (found, now) => lookUp(found, now, lookup, holder, isHeld);
      try {
        const { result, known } = await update(account, key, remembered.get(key) ?? NOTHING_KNOWN, change, 0);
        const { answer, ageMs, isFreshEnough, hasLease } = result;
        const entry = answer && { value: answer.value, bytes: answer.bytes, ageMs };
        const lease = hasLease ? leaseFor(account, key, holder, known) : undefined;
        return { entry, isFreshEnough, lease, seen: answer?.by ?? '' };
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
  seen: '',
};
