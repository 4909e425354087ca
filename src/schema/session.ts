import { requiresScopes } from '../callers/scopes.ts';
import { usable } from '../luaauth/decoders.ts';
import { getScript, type Script as ScriptShape } from '../luaauth/scripts.ts';
import { getSession, type SessionMatch, session, userKeyOf } from '../luaauth/sessions.ts';
import { getUser } from '../luaauth/users.ts';
import { costs } from '../plan/cost.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import { checkText } from './argument.ts';
import { builder } from './builder.ts';
import { defineEntity } from './entity.ts';
import { Script } from './script.ts';
import { User } from './user.ts';

export const Session = defineEntity('Session', {
  resource: session,
  read: getSession,
  scope: 'sessions:read',
  one: 'One connected user by session id. An id that is unknown, ended or belongs to another account is an error at this field. Costs one REST call.',
  isRefetchable: true,
  description:
    'One user who is connected to a script right now. A session that has ended cannot be read any more.',
  fields: (wire, t) => ({
    id: wire.id('id', "The session's id in LuaAuth."),
    script: t.field({
      type: Script,
      nullable: true,
      description:
        'The script that the user runs; null, with an error here, if it cannot be read. Its id alone costs no REST call, anything else one per distinct script.',
      extensions: costs(getScript, { freeFields: ['id'] }),
      resolve: (session, _args, context, info) => {
        const id = usable(session, 'script_id');
        if (selectsOnlyBelow(info, 'Script', ['id'])) return { id } as ScriptShape;
        return Script.loaderOf(context).peek(id) ?? id;
      },
    }),
    userKey: wire.string(
      'user_key',
      "The user's licence key; null for a user of a free-for-all script without one.",
      { nullable: true, extensions: requiresScopes('users:read') },
    ),
    user: t.field({
      type: User,
      nullable: true,
      description:
        'The user whose licence key it is. Null where there is no key, and with an error here if the user cannot be read. Costs one REST call for each distinct key.',
      extensions: { ...requiresScopes('users:read'), ...costs(getUser) },
      resolve: (session, _args, context) => {
        const key = userKeyOf(session);
        return key === null ? null : (User.loaderOf(context).peek(key) ?? key);
      },
    }),
    robloxId: wire.id('roblox_id', "The user's id on Roblox: exact digits, never rounded."),
    placeId: wire.id('place_id', 'The id of the Roblox place: exact digits, never rounded.'),
    jobId: wire.id('job_id', 'The id of the Roblox server that the user plays on.'),
    createdAt: wire.instant('created_at', 'When the user connected.'),
  }),
});

export const SessionFilter = builder.inputType('SessionFilter', {
  description:
    'What a session must have. All that is given must match; an absent or null field does not narrow.',
  fields: (t) => ({
    userKey: t.string({
      description: "The user's licence key. It travels to LuaAuth in the URL of the REST call.",
    }),
    robloxId: t.id({ description: "The user's id on Roblox, in digits." }),
    placeId: t.id({ description: 'The id of the Roblox place, in digits.' }),
    jobId: t.id({ description: 'The id of the Roblox server.' }),
  }),
});

/** Gives the filter's one condition; undefined: it has none. @throws BAD_USER_INPUT */
export function readFilter(filter: typeof SessionFilter.$inferInput): SessionMatch | undefined {
  const { userKey, robloxId, placeId, jobId } = filter;
  const match: SessionMatch = {};
  if (userKey != null) match.key = checkText('filter.userKey', userKey, 512);
  if (robloxId != null) match.roblox_id = checkText('filter.robloxId', robloxId, 512);
  if (placeId != null) match.place_id = checkText('filter.placeId', placeId, 512);
  if (jobId != null) match.job_id = checkText('filter.jobId', jobId, 512);
  return Object.keys(match).length > 0 ? match : undefined;
}
