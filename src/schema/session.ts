import { badUserInput } from '../errors/coded-error.ts';
import { usable } from '../luaauth/decoders.ts';
import {
  MAX_MESSAGE_BYTES,
  type MessageFailureReason,
  type MessageOutcome,
  messageBytes,
  sendMessage,
} from '../luaauth/messages.ts';
import { getScript, type Script as ScriptShape } from '../luaauth/scripts.ts';
import {
  disconnectSession,
  disconnectSessions,
  getSession,
  type SessionMatch,
  userKeyOf,
} from '../luaauth/sessions.ts';
import { getUser } from '../luaauth/users.ts';
import { selectsOnlyFree } from '../plan/look-ahead.ts';
import { checkId, checkText } from './argument.ts';
import { builder } from './builder.ts';
import { byId, refetchable } from './by-id.ts';
import { defineMutation } from './define-mutation.ts';
import { loadableRef } from './loader.ts';
import { idField } from './mutation-input.ts';
import { Script } from './script.ts';
import { User } from './user.ts';

export const Session = loadableRef('Session', (api, session_id) => getSession(api, { session_id }));

const READ = {
  scopes: ['sessions:read'],
  cost: getSession,
  entityKey: { field: 'id', check: checkId },
} as const;

builder.objectType(Session, {
  ...READ,
  directives: { fetchable: { field_name: 'id' } },
  description: 'A user who is connected to a script now. A session that has ended can no longer be read.',
  fields: (t) => ({
    id: t.exposeID('id', { description: "The session's id in LuaAuth." }),
    script: t.field({
      type: Script,
      nullable: true,
      description:
        'The script that the user runs; null, with an error here, if it cannot be read. The id alone costs no REST call. Any other field costs one call for each distinct script.',
      cost: { endpoint: getScript, freeFields: ['id'] },
      usesInfo: true,
      resolve: (session, _args, _context, info) => {
        const id = usable(session, 'script_id');
        return selectsOnlyFree(info) ? ({ id } as ScriptShape) : id;
      },
    }),
    userKey: t.exposeString('user_key', {
      nullable: true,
      description: "The user's licence key; null for a user of a free-for-all script without a key.",
      scopes: ['users:read'],
    }),
    user: t.field({
      type: User,
      nullable: true,
      description:
        'The user of this licence key. Null without a key, and null with an error here if the user cannot be read. Costs one REST call for each distinct key.',
      scopes: ['users:read'],
      cost: getUser,
      resolve: userKeyOf,
    }),
    robloxId: t.exposeID('roblox_id', {
      description: "The user's id on Roblox: exact digits, never rounded.",
    }),
    placeId: t.exposeID('place_id', {
      description: 'The id of the Roblox place: exact digits, never rounded.',
    }),
    jobId: t.exposeID('job_id', { description: 'The id of the Roblox server that the user plays on.' }),
    createdAt: t.expose('created_at', { type: 'DateTime', description: 'When the user connected.' }),
  }),
});

byId('session', Session, READ, {
  description:
    'One connected user by session id. An id that is unknown, ended or belongs to another account is an error at this field. Costs one REST call.',
  argument: 'The id of the session.',
});

refetchable(Session, READ);

export const SessionFilter = builder.inputType('SessionFilter', {
  description:
    'The properties that a session must have. A session must match every given field; absent and null fields are ignored.',
  fields: (t) => ({
    userKey: t.string({
      description: "The user's licence key. The gateway sends it to LuaAuth in the URL of the REST call.",
    }),
    robloxId: t.id({ description: "The user's id on Roblox, in digits." }),
    placeId: t.id({ description: 'The id of the Roblox place, in digits.' }),
    jobId: t.id({ description: 'The id of the Roblox server.' }),
  }),
});

/** Returns the given conditions, or undefined if there are none. @throws BAD_USER_INPUT */
export function readFilter(filter: typeof SessionFilter.$inferInput): SessionMatch | undefined {
  const { userKey, robloxId, placeId, jobId } = filter;
  const match: SessionMatch = {};
  if (userKey != null) match.key = checkText('filter.userKey', userKey, 512);
  if (robloxId != null) match.roblox_id = checkText('filter.robloxId', robloxId, 512);
  if (placeId != null) match.place_id = checkText('filter.placeId', placeId, 512);
  if (jobId != null) match.job_id = checkText('filter.jobId', jobId, 512);
  return Object.keys(match).length > 0 ? match : undefined;
}

defineMutation({
  name: 'disconnectSession',
  effect: 'ends',
  description:
    'Ends one session: its user is disconnected, and may connect again. LuaAuth may list the session for a while, and does not say when it is gone. Later reads of this session, and of any list of sessions, skip the cache. LuaAuth refuses an unknown session as NotPermitted. Costs one REST call.',
  scope: 'sessions:write',
  endpoint: disconnectSession,
  input: {
    description: 'The session to end.',
    fields: { id: idField('session_id', 'The id of the session.') },
  },
  success: {
    description:
      'LuaAuth has ended the session. Later reads of sessions skip the cache; LuaAuth itself may show the session for a while.',
    fields: (t) => ({
      disconnectedSessionId: t.id({
        description: 'The id of the session that was ended.',
        resolve: ({ params }) => params.session_id,
      }),
    }),
  },
  done: ({ params }, { live, caller }) => live?.disconnected(caller.api.origin.account, [params.session_id]),
});

/** LuaAuth documents no limit. 100 is also the size of a full page of sessions. */
const MAX_IDS = 100;

defineMutation({
  name: 'disconnectSessions',
  effect: 'ends',
  description:
    'Ends many sessions with one REST call. LuaAuth does not say which of them existed, and may list them for a while. Later reads of these sessions, and of any list of sessions, skip the cache. Costs one REST call.',
  scope: 'sessions:write',
  endpoint: disconnectSessions,
  input: {
    description: 'The sessions to end.',
    fields: {
      ids: {
        type: ['ID'],
        wire: 'session_ids',
        isRequired: true,
        description: `The ids of the sessions: 1 to ${MAX_IDS}. A repeated id is sent once.`,
        write: checkIds,
      },
    },
  },
  success: {
    description:
      'LuaAuth has accepted the list. It does not say which of the sessions existed, and may show them for a while. Later reads of sessions skip the cache.',
    fields: (t) => ({
      disconnectedSessionIds: t.idList({
        description: 'The ids that were sent, without duplicates, in the order of the input.',
        resolve: ({ sent }) => sent.session_ids,
      }),
    }),
  },
  done: ({ sent }, { live, caller }) => live?.disconnected(caller.api.origin.account, sent.session_ids),
});

function checkIds(argument: string, given: readonly string[]): string[] {
  if (given.length < 1 || given.length > MAX_IDS) {
    throw badUserInput(argument, `it has ${given.length} ids. Give 1 to ${MAX_IDS}.`);
  }
  return [...new Set(given.map((id, index) => checkId(`${argument}[${index}]`, id)))];
}

interface Message<IsProcessed extends boolean> {
  readonly answer: Extract<MessageOutcome, { processed: IsProcessed }>;
}

const MessageDelivered = builder.objectRef<Message<true>>('MessageDelivered').implement({
  scopes: 'inherited',
  description: 'The client has run the function.',
  fields: (t) => ({
    response: t.field({
      type: 'JSON',
      nullable: true,
      description: "The function's return value, at most 64 kB of JSON; null if it returned nothing.",
      resolve: ({ answer }) => answer.response,
    }),
  }),
});

const MessageFailure = builder.enumType('MessageFailure', {
  description: 'Why a message has no response.',
  values: {
    FUNCTION_ERRORED: { description: 'The function ran and failed.' },
    INVALID_RETURN: { description: 'The function ran, but its return value cannot be sent.' },
    NO_RESPONSE: { description: 'The client did not answer in time. The function may have run.' },
    NO_SUCH_FUNCTION: { description: 'The script has registered no function of this name.' },
    UNKNOWN: { description: 'A reason that LuaAuth does not document; see `detail`.' },
  } as const satisfies Readonly<Record<MessageFailureReason, object>>,
});

const MessageNotDelivered = builder.objectRef<Message<false>>('MessageNotDelivered').implement({
  scopes: 'inherited',
  description: 'LuaAuth accepted the message, but the function returned no response.',
  fields: (t) => ({
    reason: t.field({
      type: MessageFailure,
      description: 'Why not.',
      resolve: ({ answer }) => answer.reason,
    }),
    detail: t.string({
      description: "LuaAuth's message, shortened. It quotes the error of a function that failed.",
      resolve: ({ answer }) => answer.detail,
    }),
  }),
});

defineMutation({
  name: 'messageSession',
  effect: 'repeats',
  description:
    'Calls a function that the script has registered, on the client of one session, and waits up to 60 s for its result. Other time limits of the gateway do not apply to this wait. They apply to later fields of the operation, so send this mutation alone. The gateway never repeats it. Costs one REST call, however long it waits.',
  scope: 'sessions:write',
  endpoint: sendMessage,
  input: {
    description: 'The session, the function to call, and its argument.',
    fields: {
      id: idField('session_id', 'The id of the session.'),
      handler: {
        type: 'String',
        wire: 'key',
        isRequired: true,
        description: 'The name under which the script has registered the function: 1 to 512 characters.',
        write: (argument: string, value: string) => checkText(argument, value, 512, { isRequired: true }),
      },
      data: {
        type: 'JSON',
        wire: 'data',
        description:
          'The argument of the function: any JSON, at most 64 kB of text. If it is absent nothing is sent, and LuaAuth gives the function an empty list.',
        ofNull: 'sent',
        write: checkSize,
      },
    },
  },
  success: {
    types: [MessageDelivered, MessageNotDelivered],
    typeOf: ({ answer }) => (answer.processed ? 'MessageDelivered' : 'MessageNotDelivered'),
  },
});

function checkSize(argument: string, data: unknown): unknown {
  const bytes = messageBytes(data);
  if (bytes > MAX_MESSAGE_BYTES) {
    throw badUserInput(argument, `its JSON has ${bytes} bytes. Give at most ${MAX_MESSAGE_BYTES}.`);
  }
  return data;
}
