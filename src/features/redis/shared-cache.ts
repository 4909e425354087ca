import { LRUCache } from 'lru-cache';
import type { CacheEntry, Lease, LookupResult, SharedCache } from '../../state/port.ts';
import {
  type CacheRecord,
  type CacheView,
  fill,
  isAnswer,
  keptMs,
  leaseOf,
  lookUp,
  textOfLease,
} from './cache-record.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import {
  changeRecord,
  NOTHING_SEEN,
  parsedObject,
  type RecordChange,
  type RecordOptions,
  type SeenRecord,
} from './record-store.ts';

/** Larger answers are not shared: they would delay all other commands. */
const MAX_SHARED_BYTES = 1024 * 1024;
/**
 * The most bytes of the records that this process remembers. It remembers the answers that it has filled or waits for, as it is
 * likely to ask again. The lease of a remembered answer takes one command, of another old answer two.
 */
const MAX_REMEMBERED_BYTES = 8 * 1024 * 1024;
/** The memory of a record without its answer, in bytes. */
const RECORD_BYTES = 1024;

/** Cache entries that all processes share, each encrypted under its account's key. */
export function createSharedCacheInRedis(link: RedisLink, accounts: AccountKeyspaces): SharedCache {
  const { membership } = link;
  const remembered = new LRUCache<string, Readonly<SeenRecord<CacheRecord>>>({
    maxSize: MAX_REMEMBERED_BYTES,
  });
  const isHeld = (holder: string, takenAt: number) =>
    !holder.startsWith(`${membership.instance}.`) && membership.isHeld(holder, takenAt);

  const remember = (key: string, seen: SeenRecord<CacheRecord>) => {
    const answer = seen.record?.answer;
    if (answer) remembered.set(key, seen, { size: RECORD_BYTES + 3 * answer.bytes });
    else remembered.delete(key);
  };
  const recall = (key: string): SeenRecord<CacheRecord> => {
    const known = remembered.get(key);
    const keptUntil = known?.record?.answer?.keptUntil ?? 0;
    // Redis no longer has a record whose answer has expired.
    const isKept = keptUntil > membership.clock.expectedAt(link.now());
    return { ...NOTHING_SEEN, ...(isKept && known) };
  };

  const recordOf = (account: AccountKeyspace, key: string): RecordOptions<CacheRecord> => ({
    link,
    key,
    touched: account.key('account'),
    isTimed: false,
    fields: ['lease', 'value'],
    read([lease, sealed], storedAt) {
      if (!sealed?.length) return { answer: undefined, lease: leaseOf(lease), storedAt };
      const text = account.encryption.open(sealed, key);
      const answer = text === undefined ? undefined : parsedObject(text);
      if (answer && isAnswer(answer)) return { answer, lease: leaseOf(lease), storedAt };
      if (text !== undefined) link.rejected('entry');
      // The process replaces a broken answer, even if another process has the lease.
      return { answer: undefined, lease: undefined, storedAt };
    },
    write({ answer, lease }, _now, before) {
      const changed = lease === before?.lease ? [] : ['lease', textOfLease(lease)];
      if (!answer || answer === before?.answer) return changed;
      return [...changed, 'value', account.encryption.seal(JSON.stringify(answer), key)];
    },
    keepMs: keptMs,
    stored: (record, storedAt) => ({ ...record, storedAt }),
  });

  const leaseFor = (
    record: RecordOptions<CacheRecord>,
    holder: string,
    seen: SeenRecord<CacheRecord>,
  ): Lease => {
    const end = async (answer?: CacheEntry & { readonly ttlMs: number }): Promise<void> => {
      const change: RecordChange<CacheRecord, void> = (found, now) => ({
        record: fill(found, now, holder, answer),
        result: undefined,
      });
      // Redis may have no room for the answer. Others wait for the end of the lease, so Redis is lost without it.
      const update = answer && { touchMs: answer.ttlMs, run: link.offer };
      try {
        await changeRecord(record, seen, change, update);
        // A lease that ends without an answer leaves the old answer.
        remember(record.key, seen);
      } catch {
        // If the store is lost, the lease ends without this command.
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
      // A process that loses Redis again before it is back keeps its session, and a lease would last as long.
      if (link.isDegraded) return DEGRADED;
      const account = accounts.of(accountName);
      const key = account.key(`entry-${account.encryption.name(name)}`);
      const holder = membership.nextName();
      const change: RecordChange<CacheRecord, CacheView> = (found, now) =>
        lookUp(found, now, lookup, holder, isHeld);
      const record = recordOf(account, key);
      const seen = recall(key);
      try {
        const view = await changeRecord(record, seen, change, { run: link.offer });
        const { answer, ageMs, isFreshEnough, hasLease } = view;
        const entry = answer && { value: answer.value, bytes: answer.bytes, ageMs };
        const lease = hasLease ? leaseFor(record, holder, seen) : undefined;
        // The process waits, and Redis need not reply the old answer each time.
        if (!lease && !isFreshEnough) remember(key, seen);
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
