import { createHash } from 'node:crypto';
import type { Session } from '../../luaauth/sessions.ts';

/** The sessions of a script as a poll has found them. */
export interface LiveState {
  /** Names the state by its content, so that all processes give a state the same name. */
  readonly cursor: string;
  /** When the state was read, in ms since 1970. */
  readonly asOf: number;
  /** The same time on the clock of this process. */
  readonly readAt: number;
  /** The sessions by id. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
  /** Whether one answer held all sessions. Then they are the state of one moment. */
  readonly isOnePage: boolean;
  /** When LuaAuth last showed that the list ends where the state ends, on the clock of this process. -Infinity: never. */
  readonly endSeenAt: number;
  /** Sessions of the state that the poll has not found. Positions shift while several pages are read. */
  readonly missed: ReadonlySet<string>;
}

export interface LiveDifference {
  readonly appeared: readonly Session[];
  /** The sessions as last read, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

const CURSOR_LENGTH = 16;

export function cursorOf({ sessions, isComplete }: Pick<LiveState, 'sessions' | 'isComplete'>): string {
  const content = JSON.stringify([isComplete, [...sessions.keys()].sort()]);
  return createHash('sha256').update(content).digest('base64url').slice(0, CURSOR_LENGTH);
}

type Sessions = LiveState['sessions'];

export function differenceOf(before: Sessions, after: Sessions): LiveDifference {
  const missing = (from: Sessions, than: Sessions) =>
    [...from].flatMap(([id, session]) => (than.has(id) ? [] : [session]));
  return { appeared: missing(after, before), disappeared: missing(before, after) };
}

/** Whether the later state has pages that the earlier poll did not look for. Their sessions may have been connected before. */
export function hasFurtherPages(before: LiveState, after: LiveState): boolean {
  return before.isOnePage && before.endSeenAt === Number.NEGATIVE_INFINITY && !after.isOnePage;
}

export function isSame(before: Sessions, after: Sessions): boolean {
  return before.size === after.size && [...after.keys()].every((id) => before.has(id));
}
