import { needs, needsNothingMore } from '../callers/needs.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { costs } from '../limits/cost.ts';
import { disconnectSessions } from '../luaauth/sessions.ts';
import { checkId } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runWrite } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

interface SessionsEnded {
  readonly type: 'DisconnectSessionsSuccess';
  readonly ids: string[];
}

const DisconnectSessionsSuccess = builder.objectRef<SessionsEnded>('DisconnectSessionsSuccess').implement({
  extensions: needsNothingMore,
  description:
    'LuaAuth has accepted the list. It does not tell which of the sessions there were, and may go on showing them for a while; whatever is read of sessions from now on is asked for anew.',
  isTypeOf: (value) => (value as SessionsEnded).type === 'DisconnectSessionsSuccess',
  fields: (t) => ({
    disconnectedSessionIds: t.exposeIDList('ids', {
      description: 'The ids that were sent, each once, in the order of the input.',
    }),
  }),
});

const DisconnectSessionsResult = builder.unionType('DisconnectSessionsResult', {
  description: 'What came of disconnectSessions.',
  types: [DisconnectSessionsSuccess, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

/** The longest list is not documented; a page of sessions has no more. */
const MAX_IDS = 100;

const DisconnectSessionsInput = builder.inputType('DisconnectSessionsInput', {
  description: 'The sessions to end.',
  fields: (t) => ({
    ids: t.idList({
      required: true,
      description: `The ids of the sessions: 1 to ${MAX_IDS}. One that is repeated is sent once.`,
    }),
  }),
});

builder.mutationFields((t) => ({
  disconnectSessions: t.field({
    type: DisconnectSessionsResult,
    description:
      'Ends many sessions with one REST call, whatever their number; LuaAuth does not tell which of them there were. They may go on appearing in lists for a while. No read of these sessions, or of any list of sessions, is older than this. Costs one REST call.',
    extensions: { ...needs('sessions:write'), ...costs('POST /sessions/disconnect') },
    args: {
      input: t.arg({ type: DisconnectSessionsInput, required: true, description: 'The sessions to end.' }),
    },
    resolve: async (_root, { input }, context) => {
      const ids = checkIds(input.ids);
      return runWrite(
        context,
        async (api): Promise<SessionsEnded> => {
          await disconnectSessions(api, ids);
          context.live.disconnected(api.origin.account, ids);
          return { type: 'DisconnectSessionsSuccess', ids };
        },
        { session_ids: 'ids' },
      );
    },
  }),
}));

function checkIds(given: readonly string[]): string[] {
  if (given.length < 1 || given.length > MAX_IDS) {
    throw badUserInput('input.ids', `it has ${given.length} ids. Give 1 to ${MAX_IDS}.`);
  }
  return [...new Set(given.map((id, index) => checkId(`input.ids[${index}]`, id)))];
}
