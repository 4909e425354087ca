import type { Session } from '../luaauth/sessions.ts';

/** What a poll has led to, as it is published to all processes: plain JSON data. Times are ms since 1970. */
export type FeedEntry = SnapshotEntry | ChangeEntry | SameEntry | DelayEntry | EndEntry;

interface Position {
  /** Of the state that it leads to: one more than before if that has changed. */
  readonly version: number;
  /** The state was read at this instant. */
  readonly asOf: number;
  readonly nextPollMs: number;
}

/** The whole state. */
export interface SnapshotEntry extends Position {
  readonly kind: 'snapshot';
  /** Versions of another epoch mean nothing here. */
  readonly epoch: string;
  readonly sessions: readonly Session[];
  /** False: there are more than are followed. */
  readonly isComplete: boolean;
}

export interface ChangeEntry extends Position {
  readonly kind: 'change';
  readonly appeared: readonly Session[];
  /** As they were, so that filters can be applied to them. */
  readonly disappeared: readonly Session[];
}

/** A poll has found what is known already. */
export interface SameEntry extends Position {
  readonly kind: 'same';
}

/** Why nothing is known of what changes meanwhile. */
export type DelayReason = 'QUOTA' | 'API_UNAVAILABLE' | 'COORDINATION_LOST';

export interface DelayEntry {
  readonly kind: 'delay';
  readonly reason: DelayReason;
  readonly nextPollMs: number;
}

/** The API has refused to say more. */
export interface EndEntry {
  readonly kind: 'end';
  /** Known to the process alone that has asked. */
  readonly failure?: unknown;
}
