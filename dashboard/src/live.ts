import { useEffect, useState } from 'react';
import { type Client, useClient } from 'urql';
import type { VisitorFragment, WhoIsOnSubscription } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { sayErrors } from './words.ts';

const WHO_IS_ON = graphql(/* GraphQL */ `
  subscription WhoIsOn($scriptId: ID!, $after: String) {
    scriptSessions(scriptId: $scriptId, after: $after) {
      __typename
      ... on LiveEvent {
        cursor
        sequence
        asOf
      }
      ... on SessionsSnapshot {
        complete
        sessions {
          ...Visitor
        }
      }
      ... on SessionsChange {
        appeared {
          ...Visitor
        }
        disappearedIds
      }
      ... on SessionsDelay {
        reason
      }
    }
  }

  fragment Visitor on Session {
    id
    robloxId
    placeId
    jobId
    createdAt
  }
`);

type LiveEvent = WhoIsOnSubscription['scriptSessions'];

/** The connected users, and how well they are known. */
export interface Live {
  readonly sessions: ReadonlyMap<string, VisitorFragment>;
  /** Whether these are all. */
  readonly isComplete: boolean;
  /** When it was so; undefined: nothing is known yet. */
  readonly asOf: string | undefined;
  /** Why it is old; undefined: it is not. */
  readonly delay: string | undefined;
}

const NOTHING: Live = { sessions: new Map(), isComplete: true, asOf: undefined, delay: undefined };

const DELAYS = {
  QUOTA: 'other calls use up the quota',
  API_UNAVAILABLE: 'LuaAuth does not answer',
  COORDINATION_LOST: 'the gateways have lost each other',
};

/** The state after an event. */
function after(live: Live, event: LiveEvent): Live {
  const { asOf } = event;
  if (event.__typename === 'SessionsDelay') return { ...live, delay: DELAYS[event.reason] };
  if (event.__typename === 'SessionsSnapshot') {
    const sessions = new Map(event.sessions.map((session) => [session.id, session]));
    return { sessions, isComplete: event.complete, asOf, delay: undefined };
  }
  const sessions = new Map(live.sessions);
  for (const id of event.disappearedIds) sessions.delete(id);
  for (const session of event.appeared) sessions.set(session.id, session);
  return { ...live, sessions, asOf, delay: undefined };
}

/** An end that is none: the gateway says so of a stream that it cannot have right now, and others break. */
const PASSING = /^(RATE_LIMITED|UPSTREAM_\w+|TOO_MANY_\w+|OVERLOADED|SHUTTING_DOWN|COORDINATION_LOST)$/;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [500, 30_000];

/** Follows a script, one stream after the other, each from the last cursor. @returns what ends it */
function follow(
  client: Client,
  scriptId: string,
  onLive: (live: Live) => void,
  onOver: (text: string) => void,
) {
  let live = NOTHING;
  let cursor: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  let stop = () => {};
  const start = () => {
    let sequence = 0;
    const again = () => {
      stop();
      // Others have lost their stream in the same moment.
      const timer = setTimeout(start, waitMs * Math.random());
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      stop = () => clearTimeout(timer);
    };
    const stream = client.subscription(WHO_IS_ON, { scriptId, after: cursor });
    const { unsubscribe } = stream.subscribe(({ data, error, hasNext }) => {
      if (error) {
        const isPassing = error.graphQLErrors.every(({ extensions }) =>
          PASSING.test(String(extensions.code)),
        );
        onLive({ ...live, delay: sayErrors(error).join(' ') });
        if (isPassing) return again();
        stop();
        return onOver(sayErrors(error).join(' '));
      }
      // The end repeats the last data.
      if (!hasNext) return again();
      const event = data?.scriptSessions;
      if (!event) return;
      // An event was lost: what comes now leads from a state that is not this one.
      if (event.__typename !== 'SessionsSnapshot' && event.sequence !== sequence + 1) return again();
      waitMs = FIRST_WAIT_MS;
      sequence = event.sequence;
      if (event.__typename !== 'SessionsDelay') cursor = event.cursor;
      live = after(live, event);
      onLive(live);
    });
    stop = unsubscribe;
  };
  start();
  return () => stop();
}

/** The connected users, as they change; `over` says why the updates have ended. */
export function useLive(scriptId: string) {
  const client = useClient();
  const [live, setLive] = useState(NOTHING);
  const [over, setOver] = useState<string>();
  useEffect(() => follow(client, scriptId, setLive, setOver), [client, scriptId]);
  return { live, over };
}
