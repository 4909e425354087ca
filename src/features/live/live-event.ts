import type { Session } from '../../luaauth/sessions.ts';

/**
 * An event of a script's sessions: polls find it, a feed has it as plain JSON data for all processes, and a subscriber
 * receives as much of it as its filter lets through.
 */
export type LiveEvent = SnapshotEvent | ChangeEvent | DelayEvent;

/** The state that an event leads to. */
export interface LivePosition {
  /** Names it. */
  readonly cursor: string;
  /** It was read at this instant, in ms since 1970. */
  readonly asOf: number;
  readonly nextPollMs: number;
}

/** Nothing is known yet: a subscription that goes on from its cursor begins with a snapshot. */
export const NO_STATE: LivePosition = { cursor: 'none.0', asOf: 0, nextPollMs: 0 };

/** The whole state. */
export interface SnapshotEvent extends LivePosition {
  readonly type: 'SessionsSnapshot';
  readonly sessions: readonly Session[];
  /** False: there are more than are followed. */
  readonly isComplete: boolean;
}

export interface ChangeEvent extends LivePosition {
  readonly type: 'SessionsChange';
  readonly appeared: readonly Session[];
  /** As they were, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

/** Nothing is known of what changes meanwhile. */
export interface DelayEvent extends LivePosition {
  readonly type: 'SessionsDelay';
  readonly reason: DelayReason;
}

export type DelayReason = 'QUOTA' | 'API_UNAVAILABLE' | 'COORDINATION_LOST';

/** An outcome of a poll, as all processes receive it. No subscriber receives that it has found what is known already. */
export type PollEvent = LiveEvent | (LivePosition & { readonly type: 'same' });

/** The last entry of a feed: the API has refused to say more. */
export const END = { type: 'end' } as const;

export type FeedEntry = PollEvent | typeof END;

/** As a subscriber receives it: 1 is its first event's, and each that follows has one more. */
export type NumberedEvent<Event extends LiveEvent = LiveEvent> = Event & { readonly sequence: number };

/** Whether a subscriber wants to hear of a session. */
export type SessionTest = (session: Session) => boolean;

export const EVERY_SESSION: SessionTest = () => true;
