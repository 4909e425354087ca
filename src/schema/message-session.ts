import { needs, needsNothingMore } from '../callers/needs.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { costs } from '../limits/cost.ts';
import {
  MAX_MESSAGE_BYTES,
  type MessageFailureReason,
  type MessageOutcome,
  messageBytes,
  sendMessage,
} from '../luaauth/messages.ts';
import { checkId, checkText } from './argument.ts';
import { builder } from './builder.ts';
import { resolveResultType, runWrite } from './mutation.ts';
import { InvalidFields, NotPermitted, UnknownRefusal } from './refusal.ts';

type MessageResult = Delivered | NotDelivered;
type Delivered = Extract<MessageOutcome, { processed: true }> & { readonly type: 'MessageDelivered' };
type NotDelivered = Extract<MessageOutcome, { processed: false }> & { readonly type: 'MessageNotDelivered' };

const isType = (type: MessageResult['type']) => (value: unknown) => (value as MessageResult).type === type;

const MessageDelivered = builder.objectRef<Delivered>('MessageDelivered').implement({
  extensions: needsNothingMore,
  description: 'The client has run the function.',
  isTypeOf: isType('MessageDelivered'),
  fields: (t) => ({
    response: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the function returned, at most 64 kB of JSON; null where it returned nothing.',
      resolve: ({ response }) => response,
    }),
  }),
});

const FAILURES: Readonly<Record<MessageFailureReason, { name: string; description: string }>> = {
  'function errored': { name: 'FUNCTION_ERRORED', description: 'The function ran, and failed.' },
  'invalid return': {
    name: 'INVALID_RETURN',
    description: 'The function ran, and what it returned cannot be sent.',
  },
  'no response': {
    name: 'NO_RESPONSE',
    description: 'The client did not answer in time. Whether the function ran is not known.',
  },
  'no such function': {
    name: 'NO_SUCH_FUNCTION',
    description: 'The script has registered no function of this name.',
  },
  unknown: { name: 'UNKNOWN', description: 'A reason that LuaAuth does not document: `detail` has it.' },
};

const MessageFailure = builder.enumType('MessageFailure', {
  description: 'Why a message brought nothing back.',
  values: Object.fromEntries(
    Object.entries(FAILURES).map(([value, { name, description }]) => [
      name,
      { value: value as MessageFailureReason, description },
    ]),
  ),
});

const MessageNotDelivered = builder.objectRef<NotDelivered>('MessageNotDelivered').implement({
  extensions: needsNothingMore,
  description: 'LuaAuth took the message, but nothing came back from the function.',
  isTypeOf: isType('MessageNotDelivered'),
  fields: (t) => ({
    reason: t.field({
      type: MessageFailure,
      description: 'Why not.',
      resolve: ({ reason }) => reason,
    }),
    detail: t.exposeString('detail', {
      description: "LuaAuth's own words, shortened; a function that failed is quoted in them.",
    }),
  }),
});

const MessageSessionResult = builder.unionType('MessageSessionResult', {
  description: 'What came of messageSession.',
  types: [MessageDelivered, MessageNotDelivered, InvalidFields, NotPermitted, UnknownRefusal],
  resolveType: resolveResultType,
});

const MessageSessionInput = builder.inputType('MessageSessionInput', {
  description: 'Which function to call on whose client, and with what.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'The id of the session.' }),
    handler: t.string({
      required: true,
      description: 'The name under which the script has registered the function: 1 to 512 characters.',
    }),
    data: t.field({
      type: 'JSON',
      description:
        'What the function is given: any JSON, at most 64 kB of text. Absent: nothing is sent, and LuaAuth gives it an empty list.',
    }),
  }),
});

builder.mutationFields((t) => ({
  messageSession: t.field({
    type: MessageSessionResult,
    description:
      'Calls a function that the script has registered, on the client of one session, and waits for what it returns: up to 60 s, for which no other time limit of the gateway counts; but they count for what stands behind it in the operation, so send it alone. It holds a connection meanwhile, of which an API key has 64. Never sent twice by itself. Costs one REST call, which takes one place in the quota however long it waits.',
    extensions: { ...needs('sessions:write'), ...costs('POST /sessions/:session_id/message') },
    args: {
      input: t.arg({ type: MessageSessionInput, required: true, description: 'The call to make.' }),
    },
    resolve: async (_root, { input }, context) => {
      const id = checkId('input.id', input.id);
      const key = checkText('input.handler', input.handler, 512);
      const data = checkSize(input.data);
      return runWrite(
        context,
        async (api) => asResult(await sendMessage(api, { session_id: id }, { key, data })),
        { session_id: 'id', key: 'handler', data: 'data' },
      );
    },
  }),
}));

function checkSize(data: unknown): unknown {
  const bytes = data === undefined ? 0 : messageBytes(data);
  if (bytes > MAX_MESSAGE_BYTES) {
    throw badUserInput('input.data', `its JSON has ${bytes} bytes. Give at most ${MAX_MESSAGE_BYTES}.`);
  }
  return data;
}

function asResult(outcome: MessageOutcome): MessageResult {
  return outcome.processed
    ? { ...outcome, type: 'MessageDelivered' }
    : { ...outcome, type: 'MessageNotDelivered' };
}
