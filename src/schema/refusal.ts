import type { ObjectFieldsShape } from '@pothos/core';
import { REASONS, REFUSALS_OF_ANY_WRITE, type RefusalReason, Refused, rowOf } from '../luaauth/refusal.ts';
import { builder, type Types } from './builder.ts';

interface RefusedWrite {
  readonly type: string;
  readonly message: string;
  readonly fields: InvalidFieldShape[];
  readonly reasons: string[];
  readonly code: number;
  readonly params: Readonly<Record<string, string>>;
}

interface InvalidFieldShape {
  readonly path: string[];
  readonly messages: string[];
}

const Refusal = builder.interfaceRef<{ message: string }>('Refusal').implement({
  scopes: 'inherited',
  description: 'A refusal by LuaAuth. Nothing was changed, and LuaAuth will refuse the same call again.',
  resolveType: (refusal) => (refusal as RefusedWrite).type,
  fields: (t) => ({
    message: t.exposeString('message', {
      description:
        "LuaAuth's message, in English. It may change: show it, and decide by the type. If LuaAuth gives no message, or if an edit changes nothing and is not sent, the message is the gateway's.",
    }),
  }),
});

const InvalidField = builder.objectRef<InvalidFieldShape>('InvalidField').implement({
  scopes: 'inherited',
  description: 'An input field that LuaAuth did not accept.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The field in terms of the GraphQL input, such as `["input", "freeForAll"]`.',
    }),
    messages: t.exposeStringList('messages', {
      description: "LuaAuth's messages about this field. Details follow their message.",
    }),
  }),
});

const FACTS: Readonly<Partial<Record<RefusalReason, ObjectFieldsShape<Types, RefusedWrite>>>> = {
  'invalid fields': (t) => ({
    fields: t.expose('fields', { type: [InvalidField], description: 'Each invalid field.' }),
  }),
  'not permitted': (t) => ({
    reasons: t.exposeStringList('reasons', {
      description: 'The authorization failures that LuaAuth lists; may be empty.',
    }),
  }),
  undocumented: (t) => ({
    code: t.exposeInt('code', { description: "LuaAuth's code; its meaning depends on the endpoint." }),
  }),
};

const TYPES = new Map(
  REASONS.flatMap((reason) => {
    const { type, description } = rowOf(reason);
    if (type === undefined) return [];
    const fields = FACTS[reason] ?? (() => ({}));
    const made = builder.objectRef<RefusedWrite>(type);
    return [[reason, made.implement({ scopes: 'inherited', description, interfaces: [Refusal], fields })]];
  }),
);

/** The object type of a refusal. @throws TypeError if no write can be refused for this reason */
export function refusalType(reason: RefusalReason) {
  const made = TYPES.get(reason);
  if (!made) throw new TypeError(`luaauth/refusal.ts: ${reason} has no type`);
  return made;
}

/** The types of all refusals of a write, from the codes that its endpoint documents. */
export function refusalTypes(documented: Readonly<Record<number, RefusalReason>>, isEdit: boolean) {
  const own = isEdit ? (['nothing to edit'] as const) : [];
  const reasons = new Set<RefusalReason>([...Object.values(documented), ...own, ...REFUSALS_OF_ANY_WRITE]);
  return REASONS.filter((reason) => reasons.has(reason)).map(refusalType);
}

/** The GraphQL input field for each wire field of a mutation: `{ free_for_all: 'freeForAll' }`. */
export type InputNames = Readonly<Record<string, string>>;

/** Returns a refusal that has a type in the schema, else undefined. */
export function asRefusal(error: unknown, names: InputNames, params: RefusedWrite['params']) {
  if (!(error instanceof Refused)) return undefined;
  const { type } = rowOf(error.reason);
  if (type === undefined) return undefined;
  const fields = error.fields.map(({ field: wire, messages }) => {
    const field = Object.hasOwn(names, wire) ? names[wire] : wire;
    return { path: field ? ['input', field] : ['input'], messages: [...messages] };
  });
  const { message, reason, authorization, code } = error;
  return { type, message: message || reason, fields, reasons: [...authorization], code, params };
}

/** The gateway's own refusal of an edit that changes nothing. */
export function nothingToEdit(names: readonly string[], params: RefusedWrite['params']): RefusedWrite {
  const { message, type = '' } = rowOf('nothing to edit');
  const words = `${message}: give at least one of ${names.join(', ')}`;
  return { type, message: words, fields: [], reasons: [], code: 0, params };
}
