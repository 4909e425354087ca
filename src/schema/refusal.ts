import { inheritsScopes } from '../callers/scopes.ts';
import type { InvalidField as InvalidFieldShape, RefusalResult } from '../errors/refusals.ts';
import { REASONS, type RefusalReason, rowOf } from '../luaauth/refusal.ts';
import { builder } from './builder.ts';

/** A refusal, and the parameters of the path of the call that was refused. */
export interface RefusedWrite extends RefusalResult {
  readonly params: Readonly<Record<string, string>>;
}

export const Refusal = builder.interfaceRef<{ message: string }>('Refusal').implement({
  extensions: inheritsScopes,
  description: 'What LuaAuth refused. Nothing was changed, and the same call will be refused again.',
  resolveType: (refusal) => (refusal as RefusedWrite).type,
  fields: (t) => ({
    message: t.exposeString('message', {
      description:
        "What was refused, in LuaAuth's own words, which are English and may change: show them, and decide by the type. The gateway speaks itself where LuaAuth says nothing, and to an edit that names nothing, which it does not send.",
    }),
  }),
});

const TYPES = new Map(
  REASONS.flatMap((reason) => {
    const { type, description } = rowOf(reason);
    if (type === undefined) return [];
    const made = builder.objectRef<RefusedWrite>(type).implement({
      extensions: inheritsScopes,
      description,
      interfaces: [Refusal],
      fields: () => ({}),
    });
    return [[reason, made]];
  }),
);

/** The object type of a refusal. @throws TypeError for one that no write can meet */
export function refusalType(reason: RefusalReason) {
  const made = TYPES.get(reason);
  if (!made) throw new TypeError(`luaauth/refusal.ts: ${reason} has no type`);
  return made;
}

const InvalidField = builder.objectRef<InvalidFieldShape>('InvalidField').implement({
  extensions: inheritsScopes,
  description: 'An input field that LuaAuth did not accept.',
  fields: (t) => ({
    path: t.stringList({
      description: 'The field in terms of the GraphQL input, such as `["input", "freeForAll"]`.',
      resolve: ({ path }) => [...path],
    }),
    messages: t.stringList({
      description:
        "LuaAuth's own words on what is wrong with it; a message with details is followed by them.",
      resolve: ({ messages }) => [...messages],
    }),
  }),
});

builder.objectField(refusalType('invalid fields'), 'fields', (t) =>
  t.field({
    type: [InvalidField],
    description: 'Each invalid field.',
    resolve: ({ fields }) => [...fields],
  }),
);

builder.objectField(refusalType('not permitted'), 'reasons', (t) =>
  t.stringList({
    description: 'The authorization failures that LuaAuth lists; may be empty.',
    resolve: ({ reasons }) => [...reasons],
  }),
);

builder.objectField(refusalType('undocumented'), 'code', (t) =>
  t.exposeInt('code', { description: "LuaAuth's code; its meaning depends on the endpoint." }),
);
