import { LRUCache } from 'lru-cache';
import type { CacheEntry, Lease, LookupResult, SharedCache } from '../../state/port.ts';
import { type CacheRecord, fill, keptMs, leaseOf, lookUp, textOfLease } from './cache-record.ts';
import type { AccountKeyspace, AccountKeyspaces } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { createRecordInRedis, parsedObject, type RecordForm, type RecordInRedis } from './record-store.ts';

/** Larger answers are not shared: they would delay all other commands. */
const MAX_SHARED_BYTES = 1024 * 1024;
/** The most bytes of the records that this process remembers. A remembered record costs one command less. */
const MAX_REMEMBERED_BYTES = 8 * 1024 * 1024;
/** The memory of a record without its answer, in bytes. */
const RECORD_BYTES = 4 * 1024;

interface Sealed extends Omit<CacheEntry, 'ageMs'> {
  readonly by: string;
  readonly keptUntil: number;
}

/** A sealed answer, the time at which it was asked for, and the lease. */
function formOfEntry(link: RedisLink, { encryption }: AccountKeyspace, key: string): RecordForm<CacheRecord> {
  const open = (sealed: Buffer): Sealed | undefined => {
    const text = encryption.open(sealed, key);
    const value = text === undefined ? undefined : (parsedObject(text) as Partial<Sealed> | undefined);
    if (typeof value?.by === 'string') return value as Sealed;
    if (text !== undefined) link.rejected('entry');
    return undefined;
  };
  return {
    fields: ['lease', 'askedAt', 'value'],
    read([lease, askedAt, sealed], storedAt) {
      const answer = sealed?.length ? open(sealed) : undefined;
      // The process replaces a broken answer, even if another process has the lease.
      if (!answer && sealed?.length) return { answer: undefined, lease: undefined, storedAt };
      return {
        answer: answer && { ...answer, askedAt: Number(askedAt) },
        lease: leaseOf(String(lease ?? '')),
        storedAt,
      };
    },
    write({ answer, lease }, before) {
      const changed = lease === before?.lease ? [] : ['lease', textOfLease(lease)];
      if (!answer || answer === before?.answer) return changed;
      const { askedAt, ...sealed } = answer;
      return [...changed, 'askedAt', askedAt, 'value', encryption.seal(JSON.stringify(sealed), key)];
    },
    keepMs: keptMs,
    stored: (record, storedAt) => ({ ...record, storedAt }),
  };
}

/** Cache entries that all processes share, each encrypted under its account's key. */
export function createSharedCacheInRedis(link: RedisLink, accounts: AccountKeyspaces): SharedCache {
  const { membership } = link;
  const records = new LRUCache<string, RecordInRedis<CacheRecord>>({ maxSize: MAX_REMEMBERED_BYTES });
  const isHeld = (holder: string, takenAt: number) =>
    !holder.startsWith(`${membership.instance}.`) && membership.isHeld(holder, takenAt);

  const remember = (key: string, record: RecordInRedis<CacheRecord>) =>
    records.set(key, record, { size: RECORD_BYTES + 3 * (record.known?.answer?.bytes ?? 0) });

  return {
    async lookUp(accountName, name, lookup): Promise<LookupResult> {
      const account = accounts.of(accountName);
      const key = account.key(`entry-${account.encryption.name(name)}`);
      const touched = account.key('account');
      const form = formOfEntry(link, account, key);
      const record = records.get(key) ?? createRecordInRedis({ link, key, touched, form, isOffer: true });
      const holder = membership.nextName();
      const end = async (answer?: CacheEntry & { readonly ttlMs: number }): Promise<void> => {
        const change = (found: CacheRecord | undefined, now: number) => ({
          record: fill(found, now, holder, answer),
          result: undefined,
        });
        try {
          await record.update(change, { touchMs: answer?.ttlMs ?? 0 });
          remember(key, record);
        } catch {
          // Redis may have no room for the answer. If the store is lost, the lease ends without this command.
          if (answer) await end();
        }
      };
      const lease: Lease = {
        release: () => void end(),
        fill({ value, bytes, ageMs }, ttlMs) {
          const isShared = bytes <= MAX_SHARED_BYTES && ttlMs > 0;
          void end(isShared ? { value, bytes, ageMs, ttlMs } : undefined);
        },
      };
      try {
        const view = await record.update((found, now) => lookUp(found, now, { ...lookup, holder, isHeld }));
        remember(key, record);
        const { answer, ageMs, isFreshEnough, hasLease } = view;
        const entry = answer && { value: answer.value, bytes: answer.bytes, ageMs };
        return { entry, isFreshEnough, lease: hasLease ? lease : undefined, seen: answer?.by ?? '' };
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
