import type { Session } from '../luaauth/sessions.ts';
import type { DelayReason } from './feed-entry.ts';

/** What a subscriber receives. Times are ms since 1970. */
export type LiveEvent = SnapshotEvent | ChangeEvent | DelayEvent;

interface AnyEvent {
  /** Names the state that the event leads to. */
  readonly cursor: string;
  /** 1 for a subscription's first event, and one more for each that follows. */
  readonly sequence: number;
  readonly asOf: number;
  readonly nextPollMs: number;
}

export interface SnapshotEvent extends AnyEvent {
  readonly type: 'SessionsSnapshot';
  readonly sessions: readonly Session[];
  readonly isComplete: boolean;
}

export interface ChangeEvent extends AnyEvent {
  readonly type: 'SessionsChange';
  readonly appeared: readonly Session[];
  readonly disappearedIds: readonly string[];
}

export interface DelayEvent extends AnyEvent {
  readonly type: 'SessionsDelay';
  readonly reason: DelayReason;
}

/** Whether a session is one of those that a subscriber wants to hear of. */
export type SessionTest = (session: Session) => boolean;

export const EVERY_SESSION: SessionTest = () => true;
