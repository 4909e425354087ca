import { checkScript } from '../../callers/resource-access.ts';
import { getSessions, type SessionMatch } from '../../luaauth/sessions.ts';
import { checkId, checkText } from '../../schema/argument.ts';
import { builder } from '../../schema/builder.ts';
import { readFilter, Session, SessionFilter } from '../../schema/session.ts';
import type { LiveSessions } from './live.ts';
import {
  type ChangeEvent,
  type DelayEvent,
  EVERY_SESSION,
  type NumberedEvent,
  type SessionTest,
  type SnapshotEvent,
} from './live-event.ts';

export { createLive } from './live.ts';

/** The number of sessions that a stream follows by default. */
const MOST_SESSIONS = 2_000;
const MAX_CURSOR = 100;

const LiveDelayReason = builder.enumType('LiveDelayReason', {
  description: 'Why a stream cannot report changes now.',
  values: {
    QUOTA: {
      description:
        'Other calls use up the quota, or polls of other scripts use up `LIVE_RATE`. Polls go on as soon as there is room.',
    },
    API_UNAVAILABLE: {
      description: 'LuaAuth does not answer, or its answer differs from its documentation.',
    },
    COORDINATION_LOST: {
      description: 'The gateway cannot reach Redis, and the polls wait for its own part of the quota.',
    },
  },
});

const LiveEventInterface = builder.interfaceRef<NumberedEvent>('LiveEvent').implement({
  description: 'The fields that every event of a stream has.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description:
        'Names the state after this event by its content. Pass it as `after`, at any process, to continue from this state.',
    }),
    sequence: t.expose('sequence', {
      type: 'SafeInt',
      description:
        'The number of the event in this subscription, from 1. If a number is missing, an event was lost: subscribe again.',
    }),
    asOf: t.expose('asOf', {
      type: 'DateTime',
      description: 'When the gateway read the data of this event.',
    }),
    nextPollMs: t.exposeInt('nextPollMs', {
      description: 'The time until the next poll, in ms. The poll is later if the quota has no room.',
    }),
  }),
});

const SessionsSnapshot = builder.objectRef<NumberedEvent<SnapshotEvent>>('SessionsSnapshot').implement({
  scopes: 'inherited',
  description:
    'The whole list of connected users, within the filter. Replace what you know with it. It comes first in a stream, then once a minute, and in place of a change of more than 1,000 sessions.',
  interfaces: [LiveEventInterface],
  fields: (t) => ({
    sessions: t.expose('sessions', { type: [Session], description: 'The sessions, in no particular order.' }),
    complete: t.exposeBoolean('isComplete', {
      description: 'False if the script has more sessions than the stream follows (2,000).',
    }),
  }),
});

const SessionsChange = builder.objectRef<NumberedEvent<ChangeEvent>>('SessionsChange').implement({
  scopes: 'inherited',
  description:
    'The changes since the previous event. A session that appears and disappears between two events is in neither list.',
  interfaces: [LiveEventInterface],
  fields: (t) => ({
    appeared: t.expose('appeared', { type: [Session], description: 'The sessions that have begun.' }),
    disappearedIds: t.idList({
      description: 'The ids of the sessions that have ended.',
      resolve: ({ disappeared }) => disappeared.map(({ id = '' }) => id),
    }),
  }),
});

const SessionsDelay = builder.objectRef<NumberedEvent<DelayEvent>>('SessionsDelay').implement({
  scopes: 'inherited',
  description:
    'The data is older than two intervals between polls, because polls wait or fail; `reason` says why. The event comes once, and again only after the data was new. The stream continues by itself.',
  interfaces: [LiveEventInterface],
  fields: (t) => ({
    reason: t.expose('reason', { type: LiveDelayReason, description: 'Why polls wait or fail.' }),
  }),
});

const ScriptSessionsEvent = builder.unionType('ScriptSessionsEvent', {
  description: 'An event of a stream of connected users: one for each poll that found something.',
  types: [SessionsSnapshot, SessionsChange, SessionsDelay],
  resolveType: ({ type }) => type,
});

builder.subscriptionType({
  description: 'Streams of events. A stream begins with the present state.',
});

builder.subscriptionFields((t) => ({
  scriptSessions: t.field({
    type: ScriptSessionsEvent,
    description:
      'The connected users of a script: first the list, then each change. The gateway polls LuaAuth, once for all subscribers of a script: every 2 s, and up to every 30 s while nothing changes. The first poll costs one REST call; later polls use only permits that other calls leave free.',
    scopes: ['sessions:read'],
    cost: { endpoint: getSessions, items: () => MOST_SESSIONS },
    args: {
      scriptId: t.arg.id({ required: true, description: 'The id of the script.' }),
      filter: t.arg({
        type: SessionFilter,
        description:
          'The properties that a session must have. Absent, null or empty: every session. It costs no REST call.',
      }),
      after: t.arg.string({
        description:
          'The cursor of an earlier event. If the connected users are the same as then, the stream begins with an empty change, else with a snapshot.',
      }),
    },
    subscribe: async (_root, { scriptId, filter, after }, { caller, live }) => {
      const id = checkId('scriptId', scriptId);
      const match = filter ? readFilter(filter) : undefined;
      const cursor = after == null ? undefined : checkText('after', after, MAX_CURSOR);
      const { api, grant } = caller;
      await checkScript(api, grant, id);
      // Only a gateway with this feature has this field, so `live` is the data of this feature.
      return (live as LiveSessions).subscribe(api.origin, {
        scriptId: id,
        isWanted: match ? testFor(match) : EVERY_SESSION,
        after: cursor,
      });
    },
    resolve: (event) => event,
  }),
}));

function testFor({ key, roblox_id, place_id, job_id }: SessionMatch): SessionTest {
  const isSame = (wanted: string | undefined, value: string | number | null | undefined) =>
    wanted === undefined || (value != null && String(value) === wanted);
  return (session) =>
    isSame(key, session.user_key) &&
    isSame(roblox_id, session.roblox_id) &&
    isSame(place_id, session.place_id) &&
    isSame(job_id, session.job_id);
}
