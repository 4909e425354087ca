import { wait } from '../../transport/clock.ts';
import { type Argument, lua } from './client.ts';
import type { RedisLink } from './link.ts';

/** The longest time that a process may reserve a record, in ms: the process may have ended. */
const RESERVED_AT_MOST_MS = 500;
/** A process reserves the record after this many attempts that came too late. */
const RESERVES_AFTER = 4;
/** The longest wait before the next attempt while another process has reserved the record, in ms. */
const RESERVED_LOOK_MS = 20;

/**
 * After so many attempts and so many ms, the process gives the store up, and continues with its share. Callers must not wait
 * for a record that others always change first.
 */
const MOST_TRIES = 50;
const MOST_TRIES_MS = 5_000;

/**
 * Stores fields of a record by compare-and-set: the record must still have the version that the change was made for. Rejects a
 * change before the time `from`, for which it was made, and after the time `by`. Returns the outcome and the time. If the
 * version differs, also returns the version, when the record was stored, and the values of fields.
 *
 * The arguments end with the names of these `asked` fields, the names of `dropped` fields, and each changed field with its
 * value. The key `touched` lives for at least `touch` ms more. An empty `next` stores nothing.
 *
 * A process far from Redis would always come later than nearer processes. So a positive `reserve` lets only the process `own`
 * store the record for that many ms. A reservation of another process comes first: outcome 4 says how many ms it has left.
 */
const STORE_RECORD = lua(
  'record touched',
  'version from# by# keep# touch# next own reserve# asked# dropped#',
)`
local first_dropped = 11 + asked
local found = redis.call('HMGET', record, 'version', 'at', 'reserved', 'until')
local left = tonumber(found[4] or 0) - now
local is_others = left > 0 and left <= ${RESERVED_AT_MOST_MS} and found[3] ~= own
if (found[1] or '') ~= version then
  if reserve > 0 and not is_others and found[1] then
    redis.call('HSET', record, 'reserved', own, 'until', now + math.min(reserve, ${RESERVED_AT_MOST_MS}))
  end
  return { 0, now, found[1] or '', found[2] or '0', redis.call('HMGET', record, unpack(ARGV, 11, 10 + asked)) }
end
if next ~= '' and is_others then return { 4, now, left } end
if now < from then return { 2, now } end
if now > by then return { 3, now } end
if touch > 0 then raise(touched, touch) end
if next ~= '' then
  redis.call('HDEL', record, 'reserved', 'until', unpack(ARGV, first_dropped, first_dropped + dropped - 1))
  redis.call('HSET', record, 'version', next, 'at', now, unpack(ARGV, first_dropped + dropped))
  redis.call('PEXPIRE', record, keep)
end
return { 1, now }`;

export interface Attempt {
  /** The keys of the record, and of the key that it touches. */
  readonly keys: readonly [record: string, touched: string];
  readonly version: string;
  /** The time for which the change was made. Undefined: any time. */
  readonly from?: number;
  readonly by?: number;
  readonly keepMs: number;
  readonly touchMs?: number;
  /** The new version; empty: nothing is stored. */
  readonly next: string;
  readonly reserveMs?: number;
  /** The fields that the reply contains if the version differs. */
  readonly asked: readonly string[];
  readonly dropped?: readonly string[];
  /** The changed fields, each with its value. */
  readonly written: readonly Argument[];
}

export const OUTCOME = { otherVersion: 0, stored: 1, early: 2, late: 3, reserved: 4 };
type Reply = [outcome: number, time: number, version: Buffer, at: Buffer, values: (Buffer | null)[]];

/** Tries once to store fields of a record. @throws as `run` does. */
export async function compareAndSet(
  { membership, now }: RedisLink,
  run: RedisLink['run'],
  attempt: Attempt,
): Promise<Reply> {
  const { version, from = 0, by = Number.MAX_SAFE_INTEGER, next, asked, dropped = [], written } = attempt;
  const askedAt = now();
  const reply = (await run(STORE_RECORD, attempt.keys, [
    ...[version, from, by, Math.ceil(attempt.keepMs), attempt.touchMs ?? 0, next],
    ...[membership.instance, attempt.reserveMs ?? 0, asked.length, dropped.length],
    ...asked,
    ...dropped,
    ...written,
  ])) as Reply;
  const [outcome, storedAt] = reply;
  if (outcome === OUTCOME.early) membership.clock.correct(storedAt, now());
  membership.hear(storedAt, askedAt);
  return reply;
}

/** The change was not stored, because its last time is over. */
export class TooLate extends Error {
  override name = 'TooLate' as const;
}

/** Redis has not stored the change after many attempts. */
class TooBusy extends Error {
  override name = 'TooBusy' as const;

  constructor(tries: number) {
    super(
      `Redis is too busy: it has not stored a change of a record after ${tries} attempts. Check what else uses it, and how near it is`,
    );
  }
}

/** How Redis keeps a record in the fields of a hash. Times are on the clock of Redis. */
export interface RecordOptions<R> {
  readonly link: RedisLink;
  /** The key of the record in Redis. */
  readonly key: string;
  readonly touched: string;
  /** Whether Redis rejects a change before the time that it was made for: the process may have estimated a later time. */
  readonly isTimed: boolean;
  /** The fields that `read` needs. */
  readonly fields: readonly string[];
  /** Reads the values of these fields. `storedAt`: when the record was last stored. Undefined: there is no record. */
  read(values: readonly (Buffer | null)[], storedAt: number, now: number): R | undefined;
  /** Returns the fields of a record, each with its value. May leave out the fields that are the same in `before`. */
  write(record: R, now: number, before: R | undefined): readonly Argument[];
  /** How long Redis keeps a record that does not change, in ms. */
  keepMs(record: R, now: number): number;
  /** Returns the record with the times that only Redis knew when it stored the record. */
  stored(record: R, storedAt: number): R;
}

/** A record as this process last saw it. */
export interface SeenRecord<R> {
  version: string;
  /** Undefined: the record does not exist, or was not read yet. */
  record: R | undefined;
}
export const NOTHING_SEEN = { version: '', record: undefined };

/**
 * Changes a record that processes share. Returns the new record, or the same record if nothing changes, and a result for the
 * caller. It may be called again with a newer record, so it must have no effects. `now` is the time of Redis, in ms.
 */
export type RecordChange<R, T> = (
  record: R | undefined,
  now: number,
) => { readonly record: R | undefined; readonly result: T };

interface Update {
  /** The last time on the clock of Redis at which the change may be stored. Read again at each attempt. */
  readonly by?: () => number;
  /** How long the touched key lives at least, in ms. */
  readonly touchMs?: number;
  /** Runs the script. By default Redis is lost if it rejects the change. */
  readonly run?: RedisLink['run'];
}

/**
 * Makes a change on the record as `seen`, and stores it if no other process was faster. Otherwise sees the newer record, and
 * makes the change again. @throws when Redis is lost or too busy, though the change may be stored; TooLate; as `run` does;
 * errors of the change.
 */
export async function changeRecord<R extends object, T>(
  options: RecordOptions<R>,
  seen: SeenRecord<R>,
  change: RecordChange<R, T>,
  { by, touchMs = 0, run = options.link.run }: Update = {},
): Promise<T> {
  const { link, key, touched, fields } = options;
  const { membership, now } = link;
  const startedAt = now();
  let triedAt = startedAt;
  let reserveMs = 0;
  for (let tries = 1; ; tries += 1) {
    const time = membership.clock.expectedAt(now());
    const { record, result } = change(seen.record, time);
    const changed = record === seen.record ? undefined : record;
    const next = changed ? membership.nextName() : '';
    const [outcome, storedAt, version, at, values] = await compareAndSet(link, run, {
      keys: [key, touched],
      version: seen.version,
      from: options.isTimed ? time : 0,
      by: by?.(),
      keepMs: changed ? options.keepMs(changed, time) : 0,
      touchMs,
      next,
      reserveMs,
      asked: fields,
      written: changed ? options.write(changed, time, seen.record) : [],
    });
    if (outcome === OUTCOME.stored) {
      if (changed) {
        seen.version = next;
        seen.record = options.stored(changed, storedAt);
      }
      return result;
    }
    if (outcome === OUTCOME.late) throw new TooLate(`the time for a change of ${key} is over`);
    if (outcome === OUTCOME.reserved) await wait(link.clock, Math.min(RESERVED_LOOK_MS, Number(version)));
    if (outcome === OUTCOME.otherVersion) {
      seen.version = String(version);
      seen.record = options.read(values, Number(at), storedAt);
      // The record that Redis has just replied is enough for a change that stores nothing.
      const again = by || touchMs > 0 ? undefined : change(seen.record, storedAt);
      if (again && again.record === seen.record) return again.result;
    }
    if (tries >= MOST_TRIES && now() - startedAt > MOST_TRIES_MS) throw link.lose(new TooBusy(tries));
    // Reserves the record for long enough that the next attempt comes in time.
    if (tries >= RESERVES_AFTER) reserveMs = Math.ceil(2 * (now() - triedAt)) + 1;
    triedAt = now();
  }
}

interface Pending<R> extends Pick<Update, 'by' | 'touchMs'> {
  readonly change: RecordChange<R, unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A record in Redis that all gateways change. Changes that come while another change is under way are stored together. */
export function createRecordInRedis<R extends object>(options: RecordOptions<R>) {
  const seen: SeenRecord<R> = { ...NOTHING_SEEN };
  let waiting: Pending<R>[] = [];
  let isRunning = false;

  const store = async (changes: readonly Pending<R>[]) => {
    const makeAll: RecordChange<R, unknown[]> = (before, time) => {
      let record = before;
      const result = changes.map(({ change }) => {
        const changed = change(record, time);
        record = changed.record;
        return changed.result;
      });
      return { record, result };
    };
    const limits = changes.flatMap(({ by }) => by ?? []);
    const results = await changeRecord(options, seen, makeAll, {
      by: limits.length > 0 ? () => Math.min(...limits.map((by) => by())) : undefined,
      touchMs: Math.max(...changes.map(({ touchMs = 0 }) => touchMs)),
    });
    for (const [index, one] of changes.entries()) one.resolve(results[index]);
  };

  const storeAll = async () => {
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        await store(changes);
      } catch (error) {
        const isOver = ({ by }: Pending<R>) => !(error instanceof TooLate) || by !== undefined;
        // Changes without a last time, such as a pause, must not be lost with the others.
        waiting = [...changes.filter((one) => !isOver(one)), ...waiting];
        for (const one of changes) if (isOver(one)) one.reject(error);
      }
    }
    isRunning = false;
  };

  return {
    /** Makes and stores a change. @throws as `changeRecord` does. */
    update<T>(change: RecordChange<R, T>, update: Pick<Update, 'by' | 'touchMs'> = {}): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ ...update, change, resolve: resolve as (result: unknown) => void, reject });
        if (isRunning) return;
        isRunning = true;
        void storeAll();
      });
    },
  };
}

/** The object in a JSON text; undefined: the text holds no object. */
export function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
