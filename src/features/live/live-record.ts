import type { Session } from '../../luaauth/sessions.ts';
import { type DelayReason, type LivePosition, NO_STATE } from './live-event.ts';

/** A script's sessions as the gateway knows them. All processes share it as a value. The functions here are pure. */
export interface LiveRecord {
  readonly head: LiveHead;
  /** The sessions by id, as last read. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** When the sessions were read, on the clock of this process. */
  readonly readAt: number;
}

/** The result of the last poll, without the sessions. */
interface LiveHead extends LivePosition {
  /**
   * The cursor of the last state that begins anew: it differs from earlier states for other reasons than changes of the
   * sessions.
   */
  readonly base: string;
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
  /** Changes stay unknown for a while. */
  readonly delay?: DelayReason;
}

/**
 * The version of the format; raise it with each change. No other check is needed, because only a gateway with the API key can have
 * written the value.
 */
const FORM = 1;

/** A record as processes share it. */
interface LiveValue extends Pick<LiveRecord, 'head'> {
  readonly form: typeof FORM;
  readonly sessions: readonly Session[];
}

export const NOTHING_KNOWN: LiveRecord = {
  head: { ...NO_STATE, base: NO_STATE.cursor, isComplete: true },
  sessions: new Map(),
  readAt: Number.NEGATIVE_INFINITY,
};

export function isKnown({ head }: LiveRecord): boolean {
  return head.cursor !== NO_STATE.cursor;
}

/** The same state, without a delay. */
export function withoutDelay(record: LiveRecord): LiveRecord {
  const { cursor, base, asOf, nextPollMs, isComplete } = record.head;
  return { ...record, head: { cursor, base, asOf, nextPollMs, isComplete } };
}

export interface LiveDifference {
  readonly appeared: readonly Session[];
  /** The sessions as last read, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

type Sessions = LiveRecord['sessions'];

export function differenceOf(before: Sessions, after: Sessions): LiveDifference {
  const missing = (from: Sessions, than: Sessions) =>
    [...from].flatMap(([id, session]) => (than.has(id) ? [] : [session]));
  return { appeared: missing(after, before), disappeared: missing(before, after) };
}

export function toValue({ head, sessions }: LiveRecord): LiveValue {
  return { form: FORM, head, sessions: [...sessions.values()] };
}

/** The record that a value describes. Undefined: a gateway of another version has stored it. */
export function readValue(value: object, readAt: number): LiveRecord | undefined {
  const { form, head, sessions } = value as LiveValue;
  if (form !== FORM) return undefined;
  return { head, sessions: new Map(sessions.map((session) => [session.id ?? '', session])), readAt };
}
