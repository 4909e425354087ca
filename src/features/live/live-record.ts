import { REASONS, type Refused } from '../../luaauth/refusal.ts';
import type { Session } from '../../luaauth/sessions.ts';
import { DELAY_REASONS, type DelayReason, type LivePosition, NO_STATE } from './live-event.ts';

/** How many changes back a cursor is known, and how many sessions these changes may hold. */
const MAX_CHANGES = 256;
const MAX_CHANGED = 5_000;

/**
 * A script's sessions as the gateway knows them. All processes share it as an entry of the state. The functions here are
 * pure: they read no clock.
 */
export interface LiveRecord {
  readonly head: LiveHead;
  /** The sessions by id. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** The last changes, each from the state that the change before leads to. The last change leads to the current state. */
  readonly changes: readonly LiveChange[];
  /** Between these times the sessions were read, on the clock of this process. */
  readonly readAt: number;
  readonly readBy: number;
}

/** The result of the last poll, without the sessions. */
export interface LiveHead extends LivePosition {
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
  /** Changes stay unknown for a while. */
  readonly delay?: DelayReason;
  /** The API has refused further polls. These arguments make the error. */
  readonly refusal?: ConstructorParameters<typeof Refused>;
}

export interface LiveChange {
  /** The cursor of the state before. */
  readonly since: string;
  readonly cursor: string;
  readonly appeared: readonly Session[];
  /** The sessions as last read, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

/** All that another process needs to begin. */
interface WholeState {
  readonly cursor: string;
  readonly sessions: readonly Session[];
  readonly changes: readonly LiveChange[];
}

/** An entry of the state as it was read: the changes since what is known here, or since `whole`. */
export interface LiveParts {
  readonly head: LiveHead;
  readonly whole: WholeState | undefined;
  readonly changes: readonly LiveChange[];
  readonly ageMs: number;
}

export const NOTHING_KNOWN: LiveRecord = {
  head: { ...NO_STATE, isComplete: true },
  sessions: new Map(),
  changes: [],
  readAt: Number.NEGATIVE_INFINITY,
  readBy: Number.NEGATIVE_INFINITY,
};

export function isKnown({ head }: LiveRecord): boolean {
  return head.cursor !== NO_STATE.cursor;
}

/** The same state without news: no delay, no refusal. */
export function withoutNews(record: LiveRecord): LiveRecord {
  const { cursor, asOf, nextPollMs, isComplete } = record.head;
  return { ...record, head: { cursor, asOf, nextPollMs, isComplete } };
}

/** The changes since the state that a cursor names. Undefined: the cursor is not known any more. */
export function changesSince(
  { head, changes }: LiveRecord,
  cursor: string | undefined,
): readonly LiveChange[] | undefined {
  if (cursor === head.cursor) return [];
  const index = changes.findLastIndex(({ since }) => since === cursor);
  return index < 0 ? undefined : changes.slice(index);
}

type Content = Pick<LiveRecord, 'sessions' | 'changes'>;

/** The sessions and changes after further changes. Forgets the oldest changes if there are too many. */
export function withChanges({ sessions, changes }: Content, further: readonly LiveChange[]): Content {
  const after = new Map(sessions);
  for (const { appeared, disappeared } of further) {
    for (const { id = '' } of disappeared) after.delete(id);
    for (const session of appeared) after.set(session.id ?? '', session);
  }
  const kept = [...changes, ...further].slice(-MAX_CHANGES);
  let changed = kept.reduce((sum, one) => sum + sizeOf(one), 0);
  while (changed > MAX_CHANGED) changed -= sizeOf(kept.shift() as LiveChange);
  return { sessions: after, changes: kept };
}

function sizeOf({ appeared, disappeared }: LiveChange): number {
  return appeared.length + disappeared.length;
}

/** The state as another process can begin with it. Undefined: no state is known. */
export function wholeOf(record: LiveRecord): WholeState | undefined {
  const { head, sessions, changes } = record;
  return isKnown(record) ? { cursor: head.cursor, sessions: [...sessions.values()], changes } : undefined;
}

/**
 * The record that an entry of the state describes, if the entry is found at `now`. Undefined: its changes do not lead to
 * its state, or a gateway of another version has stored it in another form.
 */
export function readParts(known: LiveRecord, parts: LiveParts, now: number): LiveRecord | undefined {
  if (!haveForm(parts)) return undefined;
  const { head, whole, changes, ageMs } = parts;
  let content: Content = whole ? { ...whole, sessions: byId(whole.sessions) } : known;
  let { cursor } = whole ?? known.head;
  const missed: LiveChange[] = [];
  for (const change of changes) {
    if (change.since !== cursor) continue;
    missed.push(change);
    cursor = change.cursor;
  }
  if (missed.length > 0) content = withChanges(content, missed);
  if (head.cursor === NO_STATE.cursor) content = NOTHING_KNOWN;
  else if (head.cursor !== cursor) return undefined;
  const { sessions, changes: kept } = content;
  return { head, sessions, changes: kept, readAt: now - ageMs, readBy: now };
}

/** Whether a known state may be later than another state, which does not continue it. */
export function isLater(known: LiveRecord, other: LiveRecord): boolean {
  if (!isKnown(other)) return isKnown(known);
  return !changesSince(other, known.head.cursor) && known.readBy >= other.readAt;
}

/** Whether parts from the store have the form of an entry. */
function haveForm({ head, whole, changes }: LiveParts): boolean {
  const { cursor, asOf, nextPollMs, delay, refusal } = head;
  if (typeof cursor !== 'string' || ![asOf, nextPollMs].every(Number.isFinite)) return false;
  if (delay !== undefined && !DELAY_REASONS.includes(delay)) return false;
  if (refusal !== undefined && !isRefusal(refusal)) return false;
  if (whole && !(typeof whole.cursor === 'string' && isListOfObjects(whole.sessions))) return false;
  const lists = whole ? [changes, whole.changes] : [changes];
  return lists.every((list) => isListOfObjects(list) && list.every(isChange));
}

function isChange({ cursor, appeared, disappeared }: LiveChange): boolean {
  return typeof cursor === 'string' && isListOfObjects(appeared) && isListOfObjects(disappeared);
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

function byId(sessions: readonly Session[]): ReadonlyMap<string, Session> {
  return new Map(sessions.map((session) => [session.id ?? '', session]));
}
