import type { LiveDelayReason, VisitorFragment, WhoIsOnSubscription } from '../gql/graphql.ts';

export type SessionsEvent = WhoIsOnSubscription['scriptSessions'];

/** The state that a subscriber knows. */
export interface WhoIsOn {
  /** By the session's id. */
  readonly sessions: ReadonlyMap<string, VisitorFragment>;
  /** Whether these are all. */
  readonly complete: boolean;
  /** Why it is old; undefined: it is not. */
  readonly delay: LiveDelayReason | undefined;
  /** Where another stream goes on; undefined: nothing is known yet. */
  readonly cursor: string | undefined;
  /** The number of the last event of this stream. */
  readonly sequence: number;
  /** An event was lost: subscribe again, from the cursor. */
  readonly hasGap: boolean;
}

export const NOTHING_KNOWN: WhoIsOn = {
  sessions: new Map(),
  complete: true,
  delay: undefined,
  cursor: undefined,
  sequence: 0,
  hasGap: false,
};

/** For the first event of a stream that goes on from the cursor: each stream counts for itself. */
export function resumed(known: WhoIsOn): WhoIsOn {
  return { ...known, sequence: 0, hasGap: false };
}

/** The state after an event. */
export function whoIsOn(known: WhoIsOn, event: SessionsEvent): WhoIsOn {
  const { sequence, cursor } = event;
  if (event.__typename === 'SessionsSnapshot') {
    const sessions = new Map(event.sessions.map((session) => [session.id, session]));
    // Whatever was lost before it is in it.
    return { sessions, complete: event.complete, delay: undefined, cursor, sequence, hasGap: false };
  }
  // An event behind a gap changes a state that is not this one, so the cursor stays where it is.
  if (known.hasGap || sequence !== known.sequence + 1) return { ...known, hasGap: true };
  // A delay changes nothing: what is known is still what the last cursor names.
  if (event.__typename === 'SessionsDelay') return { ...known, delay: event.reason, sequence };
  const sessions = new Map(known.sessions);
  for (const id of event.disappearedIds) sessions.delete(id);
  for (const session of event.appeared) sessions.set(session.id, session);
  return { ...known, sessions, delay: undefined, cursor, sequence };
}
