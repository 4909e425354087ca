import { needs, needsNothingMore } from '../callers/needs.ts';
import { costs } from '../limits/cost.ts';
import { disconnectSession } from '../luaauth/sessions.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runWrite } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

interface SessionEnded {
  readonly type: 'DisconnectSessionSuccess';
  readonly id: string;
}

const DisconnectSessionSuccess = builder.objectRef<SessionEnded>('DisconnectSessionSuccess').implement({
  extensions: needsNothingMore,
  description:
    'LuaAuth has ended the session. Whatever is read of sessions from now on is asked for anew; LuaAuth itself may go on showing the session for a while.',
  isTypeOf: (value) => (value as SessionEnded).type === 'DisconnectSessionSuccess',
  fields: (t) => ({
    disconnectedSessionId: t.exposeID('id', { description: 'The id of the session that was ended.' }),
  }),
});

const DisconnectSessionResult = builder.unionType('DisconnectSessionResult', {
  description: 'What came of disconnectSession.',
  types: [DisconnectSessionSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const DisconnectSessionInput = builder.inputType('DisconnectSessionInput', {
  description: 'The session to end.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the session.' }),
  }),
});

builder.mutationFields((t) => ({
  disconnectSession: t.field({
    type: DisconnectSessionResult,
    description:
      'Ends one session: its user is disconnected, and may connect again. The session may go on appearing in lists for a while, as LuaAuth does not say when it is gone. No read of the session, or of any list of sessions, is older than this. A session that there is not is refused as NotPermitted. Costs one REST call.',
    extensions: { ...needs('sessions:write'), ...costs('POST /sessions/:session_id/disconnect') },
    args: {
      input: t.arg({ type: DisconnectSessionInput, required: true, description: 'The session to end.' }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      return runWrite(
        context,
        async (api): Promise<SessionEnded> => {
          await disconnectSession(api, { session_id: id });
          context.live.disconnected(api.origin.account, [id]);
          return { type: 'DisconnectSessionSuccess', id };
        },
        { session_id: 'id' },
      );
    },
  }),
}));
