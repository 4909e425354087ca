import { checkScript } from '../../callers/resource-access.ts';
import { getSessions, type SessionMatch } from '../../luaauth/sessions.ts';
import { callsTo } from '../../plan/cost.ts';
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
  description: 'Why a stream cannot tell what changes.',
  values: {
    QUOTA: {
      description:
        'Other calls leave nothing of the quota, or polls of other scripts nothing of `LIVE_RATE`. Polls go on as soon as they do.',
    },
    API_UNAVAILABLE: { description: 'LuaAuth does not answer, or not with what it documents.' },
    COORDINATION_LOST: {
      description: 'The gateway has lost the others that it counts calls with, and polls by itself.',
    },
  },
});

const LiveEventInterface = builder.interfaceRef<NumberedEvent>('LiveEvent').implement({
  description: 'The fields that each event of a stream has beside its news.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description:
        'Names the state that the event leads to. As `after` of another subscription it goes on from there, with any process of the gateway, for as long as that is known.',
    }),
    sequence: t.expose('sequence', {
      type: 'SafeInt',
      description:
        'Begins with 1 and grows by one from event to event of a subscription: a gap shows that events were lost on the way.',
    }),
    asOf: t.expose('asOf', {
      type: 'DateTime',
      description: 'The state that the event leads to was read at this instant.',
    }),
    nextPollMs: t.exposeInt('nextPollMs', {
      description:
        'When the next poll is due, in ms. It is later where the quota has no room, or other scripts have their turn.',
    }),
  }),
});

const SessionsSnapshot = builder.objectRef<NumberedEvent<SnapshotEvent>>('SessionsSnapshot').implement({
  scopes: 'inherited',
  description:
    'All connected users that the filter lets through: they take the place of what the subscriber knows. First in a stream, then once a minute, and whenever that is less than the changes.',
  interfaces: [LiveEventInterface],
  fields: (t) => ({
    sessions: t.expose('sessions', { type: [Session], description: 'The sessions, in no particular order.' }),
    complete: t.exposeBoolean('isComplete', {
      description:
        'False: there are more sessions than the stream follows (2,000). The first poll takes a page that comes back short for the whole list, and the second makes sure.',
    }),
  }),
});

const SessionsChange = builder.objectRef<NumberedEvent<ChangeEvent>>('SessionsChange').implement({
  scopes: 'inherited',
  description:
    'The changes since the event before. A session that appears and disappears between two events is in neither list.',
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
    'Polls wait, fail, or are not coordinated: `reason` says which. The event comes when that begins. If polls go on waiting or failing, it comes again each time the delay has at least doubled. The stream continues by itself.',
  interfaces: [LiveEventInterface],
  fields: (t) => ({
    reason: t.expose('reason', { type: LiveDelayReason, description: 'Why.' }),
  }),
});

const ScriptSessionsEvent = builder.unionType('ScriptSessionsEvent', {
  description: 'An event of a stream of connected users: one for each poll that found something.',
  types: [SessionsSnapshot, SessionsChange, SessionsDelay],
  resolveType: ({ type }) => type,
});

builder.subscriptionType({
  description:
    'Changes, as they happen. A stream begins with what there is, or goes on from the cursor of an earlier event.',
});

builder.subscriptionFields((t) => ({
  scriptSessions: t.field({
    type: ScriptSessionsEvent,
    description:
      'The connected users of a script, now and as they change. Subscribers share polls, which take what other calls leave of the quota: 2 s apart at the least, up to 30 s while nothing changes. A list of several pages may miss a session. The session counts as ended once the next poll misses it as well, or LuaAuth does not know it any more. Costs one REST call to begin with.',
    scopes: ['sessions:read'],
    cost: callsTo(getSessions, { items: () => MOST_SESSIONS }),
    args: {
      scriptId: t.arg.id({ required: true, description: 'The id of the script.' }),
      filter: t.arg({
        type: SessionFilter,
        description:
          'The properties that a session must have. Absent, null or empty: every session. It costs no REST call.',
      }),
      after: t.arg.string({
        description:
          'A cursor of this stream: goes on from there if it is still known, else begins with a snapshot.',
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
