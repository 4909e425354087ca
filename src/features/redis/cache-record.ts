import type { CacheEntry, Lookup } from '../../state/port.ts';

/**
 * A cache entry as processes share it, with the lease to fill it. Times are ms on the store's clock. The functions take the time
 * as an argument, and read no clock. Each function returns a new record, or the same record if nothing changes.
 *
 * | the answer | the lease | a process that looks the entry up |
 * | --- | --- | --- |
 * | young enough, or filled while the process waits | any | uses the answer |
 * | older, or missing | free, its own, or of an ended process | takes the lease |
 * | | of a call in its usual turn | waits |
 * | | of a call in a later turn | waits if its own call is last, and takes the lease otherwise |
 */
export interface CacheRecord {
  readonly answer: CachedAnswer | undefined;
  readonly lease: CacheLease | undefined;
  /** When the store stored the record. */
  readonly storedAt: number;
}

interface CachedAnswer extends Omit<CacheEntry, 'ageMs'> {
  /** The lease under which the answer was filled. Each lease has another name. */
  readonly by: string;
  readonly askedAt: number;
  readonly keptUntil: number;
}

interface CacheLease {
  readonly holder: string;
  readonly turn: Lookup['turn'];
}

/** Longer than any call takes. A record with a lease is kept this long. */
const LONGEST_CALL_MS = 200_000;
/** Processes estimate the time of the store. So an answer may be asked for this many ms later than it is read. */
const MAX_ERROR_MS = 50;

const EMPTY: CacheRecord = { answer: undefined, lease: undefined, storedAt: 0 };

/** The age of an answer. Undefined: the store's clock was set back, so the answer counts as missing. */
function ageOf({ askedAt }: CachedAnswer, now: number): number | undefined {
  const ageMs = now - askedAt;
  return ageMs < -MAX_ERROR_MS ? undefined : Math.max(0, ageMs);
}

export interface CacheView {
  /** Older than requested, unless `isFreshEnough` is true. */
  readonly answer: CachedAnswer | undefined;
  readonly ageMs: number;
  readonly isFreshEnough: boolean;
  readonly hasLease: boolean;
}

/**
 * Looks an answer up, or takes the lease to fill it.
 * @param holder - the name of the lease that the process would take
 * @param isHeld - whether another process holds a lease, which was taken at this time or before
 */
export function lookUp(
  record: CacheRecord = EMPTY,
  now: number,
  { freshMs, since, turn }: Lookup,
  holder: string,
  isHeld: (holder: string, takenAt: number) => boolean,
): { readonly record: CacheRecord; readonly result: CacheView } {
  const ageMs = record.answer && ageOf(record.answer, now);
  const answer = ageMs === undefined ? undefined : record.answer;
  const isFilledSince = since !== undefined && answer?.by !== since;
  const isFreshEnough = ageMs !== undefined && (ageMs < freshMs || isFilledSince);
  const { lease, storedAt } = record;
  const isWaiting = lease && (lease.turn === 'usual' || turn === 'last') && isHeld(lease.holder, storedAt);
  const hasLease = !isFreshEnough && !isWaiting;
  return {
    record: hasLease ? { ...record, lease: { holder, turn } } : record,
    result: { answer, ageMs: ageMs ?? 0, isFreshEnough, hasLease },
  };
}

/** Ends a lease, and stores its answer. Keeps a newer answer, unless the store's clock was set back since. */
export function fill(
  found: CacheRecord | undefined,
  now: number,
  holder: string,
  answer?: CacheEntry & { readonly ttlMs: number },
): CacheRecord | undefined {
  const record = found ?? EMPTY;
  const lease = record.lease?.holder === holder ? undefined : record.lease;
  if (answer) {
    const { value, bytes, ageMs, ttlMs } = answer;
    const askedAt = Math.floor(now - ageMs);
    const last = record.answer?.askedAt ?? 0;
    if (last <= askedAt || last > now + MAX_ERROR_MS)
      return { ...record, lease, answer: { value, bytes, askedAt, keptUntil: now + ttlMs, by: holder } };
  }
  return lease === record.lease ? found : { ...record, lease };
}

/** Whether a value from the store has the form of an answer. */
export function isAnswer(
  value: Readonly<Partial<Record<keyof CachedAnswer, unknown>>>,
): value is CachedAnswer {
  const { by, bytes, askedAt, keptUntil } = value;
  return typeof by === 'string' && [bytes, askedAt, keptUntil].every(Number.isFinite);
}

/** How long the store keeps a record, in ms. */
export function keptMs({ answer, lease }: CacheRecord, now: number): number {
  return Math.max(1, lease ? LONGEST_CALL_MS : 0, answer ? answer.keptUntil - now : 0);
}

/** The text of a lease in the store. */
export function textOfLease(lease: CacheLease | undefined): string {
  return lease ? `${lease.holder} ${lease.turn}` : '';
}

const LEASE = /^(\S+) (usual|limited|last)$/;

/** Reads the text of a lease. Undefined: there is no lease, or the text has another form. */
export function leaseOf(text: Buffer | string | null | undefined): CacheLease | undefined {
  const [, holder, turn] = (text?.length && LEASE.exec(String(text))) || [];
  return holder === undefined ? undefined : { holder, turn: turn as CacheLease['turn'] };
}
