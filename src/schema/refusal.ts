import { inheritsScopes } from '../callers/scopes.ts';
import { REASONS, type RefusalReason, Refused, rowOf } from '../luaauth/refusal.ts';
import { builder, type Fields } from './builder.ts';

/** A refused write, with the facts of all types of refusals. */
interface RefusedWrite {
  readonly type: string;
  readonly message: string;
  readonly fields: InvalidFieldShape[];
  readonly reasons: string[];
  readonly code: number;
  /** The parameters of the path of the call that was refused. */
  readonly params: Readonly<Record<string, string>>;
}

interface InvalidFieldShape {
  readonly path: string[];
  readonly messages: string[];
}

const Refusal = builder.interfaceRef<{ message: string }>('Refusal').implement({
  extensions: inheritsScopes,
  description: 'A refusal by LuaAuth. Nothing was changed, and the same call will be refused again.',
  resolveType: (refusal) => (refusal as RefusedWrite).type,
  fields: (t) => ({
    message: t.exposeString('message', {
      description:
        "The refusal in LuaAuth's own words, which are English and may change: show them, and decide by the type. The gateway speaks itself where LuaAuth says nothing, and to an edit that names nothing, which it does not send.",
    }),
  }),
});

const InvalidField = builder.objectRef<InvalidFieldShape>('InvalidField').implement({
  extensions: inheritsScopes,
  description: 'An input field that LuaAuth did not accept.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The field in terms of the GraphQL input, such as `["input", "freeForAll"]`.',
    }),
    messages: t.exposeStringList('messages', {
      description:
        "LuaAuth's own words on what is wrong with it; a message with details is followed by them.",
    }),
  }),
});

/** The facts that a type of refusal has beside its message. */
const FACTS: Readonly<Partial<Record<RefusalReason, (t: Fields<RefusedWrite>) => object>>> = {
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
    const fields = (FACTS[reason] ?? (() => ({}))) as never;
    const made = builder.objectRef<RefusedWrite>(type);
    return [
      [reason, made.implement({ extensions: inheritsScopes, description, interfaces: [Refusal], fields })],
    ];
  }),
);

/** The object type of a refusal. @throws TypeError for one that no write can meet */
export function refusalType(reason: RefusalReason) {
  const made = TYPES.get(reason);
  if (!made) throw new TypeError(`luaauth/refusal.ts: ${reason} has no type`);
  return made;
}

/** The GraphQL input field behind each wire field of a mutation: `{ free_for_all: 'freeForAll' }`. */
export type InputNames = Readonly<Record<string, string>>;

/** A refusal that the schema has a type for; undefined for everything else. */
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

/** The gateway's own refusal of an edit that names nothing. */
export function nothingToEdit(names: readonly string[], params: RefusedWrite['params']): RefusedWrite {
  const { message, type = '' } = rowOf('nothing to edit');
  const words = `${message}: give at least one of ${names.join(', ')}`;
  return { type, message: words, fields: [], reasons: [], code: 0, params };
}
