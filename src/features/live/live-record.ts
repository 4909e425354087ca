import { REASONS, type Refused } from '../../luaauth/refusal.ts';
import type { Session } from '../../luaauth/sessions.ts';
import { DELAY_REASONS, type DelayReason, type LivePosition, NO_STATE } from './live-event.ts';

/** How many earlier states a record names. */
const MAX_PAST = 32;

/** A script's sessions as the gateway knows them. All processes share it as a value. The functions here are pure. */
export interface LiveRecord {
  readonly head: LiveHead;
  /** The sessions by id, as last read. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** The cursors of the states before, the latest last. */
  readonly past: readonly string[];
  /** Between these times the sessions were read, on the clock of this process. */
  readonly readAt: number;
  readonly readBy: number;
}

/** The result of the last poll, without the sessions. */
export interface LiveHead extends LivePosition {
  /**
   * The cursor of the last state that begins anew: it differs from earlier states for other reasons than changes of the
   * sessions.
   */
  readonly base: string;
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
  /** Changes stay unknown for a while. */
  readonly delay?: DelayReason;
  /** The API has refused further polls. These arguments make the error. */
  readonly refusal?: ConstructorParameters<typeof Refused>;
}

/** A record as processes share it. */
interface LiveValue extends Pick<LiveRecord, 'head' | 'past'> {
  readonly sessions: readonly Session[];
}

export const NOTHING_KNOWN: LiveRecord = {
  head: { ...NO_STATE, base: NO_STATE.cursor, isComplete: true },
  sessions: new Map(),
  past: [],
  readAt: Number.NEGATIVE_INFINITY,
  readBy: Number.NEGATIVE_INFINITY,
};

export function isKnown({ head }: LiveRecord): boolean {
  return head.cursor !== NO_STATE.cursor;
}

/** The same state without news: no delay, no refusal. */
export function withoutNews(record: LiveRecord): LiveRecord {
  const { cursor, base, asOf, nextPollMs, isComplete } = record.head;
  return { ...record, head: { cursor, base, asOf, nextPollMs, isComplete } };
}

/** The cursors of the states before the next one. */
export function pastOf({ head, past }: LiveRecord): readonly string[] {
  return [...past, head.cursor].slice(-MAX_PAST);
}

export interface LiveDifference {
  readonly appeared: readonly Session[];
  /** The sessions as last read, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

export function differenceOf(before: LiveRecord, after: LiveRecord): LiveDifference {
  const missing = (from: LiveRecord, than: LiveRecord) =>
    [...from.sessions].flatMap(([id, session]) => (than.sessions.has(id) ? [] : [session]));
  return { appeared: missing(after, before), disappeared: missing(before, after) };
}

export function toValue({ head, sessions, past }: LiveRecord): LiveValue {
  return { head, past, sessions: [...sessions.values()] };
}

/** The record that a value describes, if it is found at `now`. Undefined: a gateway of another version has stored it. */
export function readValue(value: object, ageMs: number, now: number): LiveRecord | undefined {
  const { head, sessions, past } = value as Partial<LiveValue>;
  if (!isHead(head) || !isListOfObjects(sessions) || !Array.isArray(past)) return undefined;
  const byId = new Map((sessions as readonly Session[]).map((session) => [session.id ?? '', session]));
  return { head, sessions: byId, past, readAt: now - ageMs, readBy: now };
}

/** Whether a known state may be later than another state that does not continue it. */
export function isLater(known: LiveRecord, other: LiveRecord): boolean {
  if (!isKnown(other)) return isKnown(known);
  const { cursor } = known.head;
  if (cursor === other.head.cursor || other.past.includes(cursor)) return false;
  return known.readBy >= other.readAt;
}

function isHead(head: LiveHead | undefined): head is LiveHead {
  if (typeof head !== 'object' || head === null) return false;
  const { cursor, base, asOf, nextPollMs, delay, refusal } = head;
  if (![cursor, base].every((text) => typeof text === 'string')) return false;
  if (![asOf, nextPollMs].every(Number.isFinite)) return false;
  if (delay !== undefined && !DELAY_REASONS.includes(delay)) return false;
  return refusal === undefined || isRefusal(refusal);
}

/** Whether these are the arguments of an error. */
function isRefusal(args: NonNullable<LiveHead['refusal']>): boolean {
  if (!Array.isArray(args)) return false;
  const [about, reason, refusal] = args;
  if (!isListOfObjects([about, refusal]) || !REASONS.includes(reason)) return false;
  return Array.isArray(refusal.fields) && Array.isArray(refusal.authorization);
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null);
}
