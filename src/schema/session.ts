import { costs } from '../limits/cost.ts';
import { usable } from '../luaauth/reading.ts';
import { getSession, type Session as SessionShape } from '../luaauth/sessions.ts';
import type { WireScript } from '../luaauth/wire.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { defineLoader, loadBy } from './loader.ts';
import { Script, scriptsOf } from './script.ts';
import { selectsOnly } from './selection.ts';

/** The operation's sessions. */
export const sessionsOf = defineLoader((api, id: string) => getSession(api, { session_id: id }));

export const Session = builder.loadableObjectRef<SessionShape, string>('Session', {
  load: (ids, context) => sessionsOf(context).loadMany(ids),
});
loadBy(Session, sessionsOf);
Session.implement({
  description:
    'One user who is connected to a script right now. A session that has ended cannot be read any more.',
  extensions: costs('GET /sessions/:session_id'),
  directives: { fetchable: { field_name: 'id' } },
  fields: (t) => ({
    id: t.exposeID('id', { description: "The session's id in LuaAuth." }),
    script: t.field({
      type: Script,
      description:
        'The script that the user runs. Its id alone costs no REST call, anything else one per distinct script.',
      extensions: costs('GET /scripts/:script_id', { freeFields: ['id'] }),
      resolve: ({ script_id }, _args, context, info) => {
        const id = usable(script_id);
        if (selectsOnly(info, 'Script', ['id'])) return { id } as WireScript;
        return scriptsOf(context).peek(id) ?? id;
      },
    }),
    userKey: t.exposeString('user_key', {
      nullable: true,
      description: "The user's licence key; null for a user of a free-for-all script without one.",
    }),
    robloxId: t.exposeID('roblox_id', {
      description: "The user's id on Roblox: exact digits, never rounded.",
    }),
    placeId: t.exposeID('place_id', {
      description: 'The id of the Roblox place: exact digits, never rounded.',
    }),
    jobId: t.exposeID('job_id', { description: 'The id of the Roblox server that the user plays on.' }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When the user connected.',
      resolve: ({ created_at }) => new Date(usable(created_at)),
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
    extensions: costs('GET /sessions/:session_id'),
    args: { id: t.arg.id({ required: true, description: 'The id of the session.' }) },
    resolve: (_root, { id }) => checkId('id', id),
  }),
}));
