import { needs } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { usable, usableProperty } from '../luaauth/decoders.ts';
import type { Script as ScriptShape } from '../luaauth/scripts.ts';
import { getSession, type Session as SessionShape, userKeyOf } from '../luaauth/sessions.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, loadBy } from './loader.ts';
import { Script, scriptsOf } from './script.ts';
import { lookAhead, selectsOnly } from './selection.ts';
import { User, usersOf } from './user.ts';

const read = needs('sessions:read');

/** The operation's sessions. */
export const sessionsOf = defineLoader((api, id: string) => getSession(api, { session_id: id }));

export const Session = builder.loadableObjectRef<SessionShape, string>('Session', {
  load: (ids, context) => sessionsOf(context).loadMany(ids),
});
loadBy(Session, sessionsOf);
Session.implement({
  description:
    'One user who is connected to a script right now. A session that has ended cannot be read any more.',
  extensions: { ...read, ...costs('GET /sessions/:session_id') },
  directives: { fetchable: { field_name: 'id' } },
  fields: (t) => ({
    id: t.id({
      description: "The session's id in LuaAuth.",
      extensions: read,
      resolve: usableProperty('id'),
    }),
    script: t.field({
      type: Script,
      description:
        'The script that the user runs. Its id alone costs no REST call, anything else one per distinct script.',
      extensions: { ...read, ...costs('GET /scripts/:script_id', { freeFields: ['id'] }) },
      resolve: (session, _args, context, info) => {
        const id = usable(session, 'script_id');
        if (selectsOnly(info, 'Script', ['id'])) return { id } as ScriptShape;
        lookAhead(info, 'Script')(id);
        return scriptsOf(context).peek(id) ?? id;
      },
    }),
    userKey: t.string({
      nullable: true,
      extensions: needs('users:read'),
      resolve: usableProperty('user_key'),
      description: "The user's licence key; null for a user of a free-for-all script without one.",
    }),
    user: t.field({
      type: User,
      nullable: true,
      description:
        'The user whose licence key it is. Null where there is no key, and with an error here if the user cannot be read. Costs one REST call for each distinct key.',
      extensions: { ...needs('users:read'), ...costs('GET /users/:user_key') },
      resolve: (session, _args, context) => {
        const key = userKeyOf(session);
        return key === null ? null : (usersOf(context).peek(key) ?? key);
      },
    }),
    robloxId: t.id({
      extensions: read,
      resolve: usableProperty('roblox_id'),
      description: "The user's id on Roblox: exact digits, never rounded.",
    }),
    placeId: t.id({
      extensions: read,
      resolve: usableProperty('place_id'),
      description: 'The id of the Roblox place: exact digits, never rounded.',
    }),
    jobId: t.id({
      description: 'The id of the Roblox server that the user plays on.',
      extensions: read,
      resolve: usableProperty('job_id'),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the user connected.',
      extensions: read,
      resolve: (session) => new Date(usable(session, 'created_at')),
    }),
  }),
});

builder.asEntity(Session, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, context) => sessionsOf(context).load(id),
});

builder.queryFields((t) => ({
  session: t.field({
    type: Session,
    nullable: true,
    description:
      'One connected user by session id. An id that is unknown, ended or belongs to another account is an error at this field. Costs one REST call.',
    extensions: { ...read, ...costs('GET /sessions/:session_id') },
    args: { id: t.arg.id({ required: true, description: 'The id of the session.' }) },
    resolve: (_root, { id }, _context, info) => {
      lookAhead(info, 'Session')(checkId('id', id));
      return id;
    },
  }),
}));
