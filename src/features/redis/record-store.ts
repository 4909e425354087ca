import { wait } from '../../transport/clock.ts';
import { lua } from './client.ts';
import type { Encryption } from './encryption.ts';
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
 * Stores a record by compare-and-set: the record must still have the version that the change was made for. Rejects a change
 * before the time `from`, for which it was made, and after the time `by`. Returns the outcome and the time. If the version
 * differs, also returns the version, the record, and when the record was stored.
 *
 * `summary` is a text that other scripts can read. The key `touched` lives for at least `touch` ms more. An empty `next`
 * stores nothing.
 *
 * A process far from Redis would always come later than nearer processes. So a positive `reserve` lets only the process `own`
 * store the record for that many ms. A reservation of another process comes first: outcome 4 says how many ms it has left.
 */
const STORE_RECORD = lua('record touched', 'version from# by# keep# touch# next value summary own reserve#')`
local found = redis.call('HMGET', record, 'version', 'value', 'at', 'reserved', 'until')
local left = tonumber(found[5] or 0) - now
local is_others = left > 0 and left <= ${RESERVED_AT_MOST_MS} and found[4] ~= own
if (found[1] or '') ~= version then
  if reserve > 0 and not is_others and found[1] then
    redis.call('HSET', record, 'reserved', own, 'until', now + math.min(reserve, ${RESERVED_AT_MOST_MS}))
  end
  return { 0, now, found[1] or '', found[2] or '', found[3] or '0' }
end
if next ~= '' and is_others then return { 4, now, left } end
if now < from then return { 2, now } end
if now > by then return { 3, now } end
if touch > 0 then raise(touched, touch) end
if next ~= '' then
  redis.call('HSET', record, 'version', next, 'value', value, 'at', now, 'summary', summary)
  redis.call('PEXPIRE', record, keep)
  redis.call('HDEL', record, 'reserved', 'until')
end
return { 1, now }`;

/**
 * Changes a record that processes share. Returns the new record, or the same record if nothing changes, and a result for the
 * caller. It may be called again with a newer record, so it must have no effects. `now` is the time of Redis, in ms.
 */
type RecordChange<R, T> = (
  record: R | undefined,
  now: number,
) => { readonly record: R | undefined; readonly result: T };

/** The kind that is reported for a record of the wrong form. */
const OF_OTHER_FORM = 'record';

const OUTCOME = { stored: 1, early: 2, late: 3, reserved: 4 };
type Reply = [outcome: number, time: number, version: Buffer, sealed: Buffer, at: Buffer];

/** The change was not stored, because its last time is over. */
export class TooLate extends Error {
  override name = 'TooLate' as const;
}

/** Redis has not stored the change after many attempts. */
class TooBusy extends Error {
  override name = 'TooBusy' as const;

  constructor(tries: number) {
    super(
      `Redis is too busy: it has not stored a change of a quota after ${tries} attempts. Check what else uses it, and how near it is`,
    );
  }
}

interface Update {
  /** The last time on the clock of Redis at which the change may be stored. Read again at each attempt. */
  readonly by?: () => number;
  /** How long the touched key lives at least, in ms. */
  readonly touchMs?: number;
}

interface RecordOptions<R> {
  readonly link: RedisLink;
  /** The key of the record in Redis. */
  readonly key: string;
  readonly touched: string;
  readonly encryption: Encryption;
  /** How long Redis keeps a record that does not change, in ms. */
  readonly keepMs: (record: R, now: number) => number;
  /** Returns the record with the times that only Redis knew when it stored the record. */
  readonly stored: (record: R, storedAt: number) => R;
  /** Whether a value has the form of a record: a gateway of another version may have written it. */
  readonly isRecord: (value: object) => boolean;
  /** Returns the record that replaces an unreadable record. */
  readonly replacement: (now: number) => R;
  /** Returns a text about a record that scripts of Redis can read. */
  readonly summarize: (record: R, now: number) => string;
}

interface Pending<R> extends Update {
  readonly change: RecordChange<R, unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A record in Redis that all gateways change. It is sealed, so that only the account can read it. A change is made on the
 * record as this process last saw it. The change is stored if no other process was faster. Otherwise the change is made again
 * on the newer record. Changes that come while another change is under way are stored together.
 */
export function createRecordInRedis<R extends object>(options: RecordOptions<R>) {
  const { link, key, touched, encryption, keepMs, stored, summarize, isRecord, replacement } = options;
  const { membership, now } = link;
  let known: { readonly version: string; readonly record: R | undefined } = {
    version: '',
    record: undefined,
  };
  let waiting: Pending<R>[] = [];
  let isRunning = false;

  const open = (sealed: Buffer, at: number, time: number): R | undefined => {
    if (sealed.length === 0) return undefined;
    const text = encryption.open(sealed, key);
    if (text === undefined) return replacement(time);
    const value = parsed(text);
    if (value && isRecord(value)) return stored(value as R, at);
    link.rejected(OF_OTHER_FORM);
    return replacement(time);
  };

  /**
   * Tries to store the changes. If another process was faster, reserves the record for `reserveMs`. Returns whether the
   * changes are stored. @throws when Redis is lost; TooLate.
   */
  const tryToStore = async (changes: readonly Pending<R>[], reserveMs: number): Promise<boolean> => {
    const before = known;
    const askedAt = now();
    const time = membership.clock.expectedAt(askedAt);
    let record = before.record;
    const results = changes.map(({ change }) => {
      const changed = change(record, time);
      record = changed.record;
      return changed.result;
    });
    const isChanged = record !== undefined && record !== before.record;
    const next = isChanged ? membership.nextName() : '';
    const value = isChanged ? encryption.seal(JSON.stringify(record), key, false) : '';
    const by = Math.min(...changes.map((one) => one.by?.() ?? Number.MAX_SAFE_INTEGER));
    const touchMs = Math.max(...changes.map((one) => one.touchMs ?? 0));
    const summary = record && isChanged ? summarize(record, time) : '';
    const keep = record && isChanged ? keepMs(record, time) : 0;
    const own = membership.instance;
    const args = [before.version, time, by, keep, touchMs, next, value, summary, own, reserveMs];
    const reply = (await link.run(STORE_RECORD, [key, touched], args)) as Reply;
    const [outcome, storedAt, version, sealed, at] = reply;
    if (outcome === OUTCOME.early) membership.clock.correct(storedAt, now());
    membership.hear(storedAt, askedAt);
    if (outcome === OUTCOME.late) throw new TooLate(`the time for a change of ${key} is over`);
    if (outcome === OUTCOME.early) return false;
    if (outcome === OUTCOME.reserved) {
      await wait(link.clock, Math.min(RESERVED_LOOK_MS, Number(version)));
      return false;
    }
    if (outcome === OUTCOME.stored) {
      if (record && isChanged) known = { version: next, record: stored(record, storedAt) };
      for (const [index, { resolve }] of changes.entries()) resolve(results[index]);
      return true;
    }
    known = { version: String(version), record: open(sealed, Number(at), storedAt) };
    return false;
  };

  const storeAll = async () => {
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        const startedAt = now();
        let triedAt = startedAt;
        let reserveMs = 0;
        for (let tries = 1; !(await tryToStore(changes, reserveMs)); tries += 1) {
          if (tries >= MOST_TRIES && now() - startedAt > MOST_TRIES_MS) throw link.lose(new TooBusy(tries));
          // Reserves the record for long enough that the next attempt comes in time.
          if (tries >= RESERVES_AFTER) reserveMs = Math.ceil(2 * (now() - triedAt)) + 1;
          triedAt = now();
        }
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
    /** The record as this process last saw it; undefined: it does not exist, or was not read yet. */
    get known(): R | undefined {
      return known.record;
    },
    /**
     * Makes and stores a change. @throws when Redis is lost or too busy, though the change may be stored; TooLate; errors of the
     * change.
     */
    update<T>(change: RecordChange<R, T>, update: Update = {}): Promise<T> {
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
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
