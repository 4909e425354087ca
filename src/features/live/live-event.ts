import type { Session } from '../../luaauth/sessions.ts';

/** An event of a script's sessions, as far as the filter of a subscriber lets it through. */
export type LiveEvent = SnapshotEvent | ChangeEvent | DelayEvent;

/** The state that an event leads to. */
interface LivePosition {
  /** Names the state. */
  readonly cursor: string;
  /** When the state was read, in ms since 1970. */
  readonly asOf: number;
  readonly nextPollMs: number;
}

/** The cursor of no state at all. A subscription that continues from it begins with a snapshot. */
export const NO_STATE = 'none';

/** All sessions of the state. */
export interface SnapshotEvent extends LivePosition {
  readonly type: 'SessionsSnapshot';
  readonly sessions: readonly Session[];
  /** False: the script has more sessions than the gateway follows. */
  readonly isComplete: boolean;
}

export interface ChangeEvent extends LivePosition {
  readonly type: 'SessionsChange';
  readonly appeared: readonly Session[];
  readonly disappeared: readonly Session[];
}

/** Changes stay unknown for a while. */
export interface DelayEvent extends LivePosition {
  readonly type: 'SessionsDelay';
  readonly reason: DelayReason;
}

export type DelayReason = 'QUOTA' | 'API_UNAVAILABLE' | 'COORDINATION_LOST';

/** An event as a subscriber receives it. `sequence` begins with 1 and grows by 1 with each event. */
export type NumberedEvent<Event extends LiveEvent = LiveEvent> = Event & { readonly sequence: number };

/** Whether a subscriber wants events about a session. */
export type SessionTest = (session: Session) => boolean;

export const EVERY_SESSION: SessionTest = () => true;
