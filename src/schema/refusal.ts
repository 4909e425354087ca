import { needsNothingMore } from '../callers/needs.ts';
import type {
  CommonRefusal,
  EditRefusal,
  InvalidField as InvalidFieldShape,
  RefusalResult,
} from '../errors/refusals.ts';
import { builder } from './builder.ts';

type Shape<Type extends CommonRefusal['type']> = Extract<CommonRefusal, { type: Type }>;

export const Refusal = builder.interfaceRef<{ message: string }>('Refusal').implement({
  extensions: needsNothingMore,
  description: 'What LuaAuth refused. Nothing was changed, and the same call will be refused again.',
  resolveType: (refusal) => (refusal as RefusalResult).type,
  fields: (t) => ({
    message: t.exposeString('message', { description: "LuaAuth's own words." }),
  }),
});

/** Tells a refusal's own type from the others. */
export const isType = (type: RefusalResult['type']) => (value: unknown) =>
  (value as RefusalResult).type === type;

export const AccountExpired = builder.objectRef<EditRefusal>('AccountExpired').implement({
  extensions: needsNothingMore,
  description: "The account's LuaAuth subscription has expired.",
  interfaces: [Refusal],
  isTypeOf: isType('AccountExpired'),
  fields: () => ({}),
});

export const NothingToEdit = builder.objectRef<EditRefusal>('NothingToEdit').implement({
  extensions: needsNothingMore,
  description:
    'The input names nothing to change. The gateway notices an input of the id alone without a REST call.',
  interfaces: [Refusal],
  isTypeOf: isType('NothingToEdit'),
  fields: () => ({}),
});

export const TierTooLow = builder.objectRef<EditRefusal>('TierTooLow').implement({
  extensions: needsNothingMore,
  description: "The account's tier does not include free-for-all mode.",
  interfaces: [Refusal],
  isTypeOf: isType('TierTooLow'),
  fields: () => ({}),
});

export const DiscordAlreadyLinked = builder.objectRef<EditRefusal>('DiscordAlreadyLinked').implement({
  extensions: needsNothingMore,
  description: 'Another licence key is linked to this Discord id already.',
  interfaces: [Refusal],
  isTypeOf: isType('DiscordAlreadyLinked'),
  fields: () => ({}),
});

const InvalidField = builder.objectRef<InvalidFieldShape>('InvalidField').implement({
  extensions: needsNothingMore,
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

export const InvalidFields = builder.objectRef<Shape<'InvalidFields'>>('InvalidFields').implement({
  extensions: needsNothingMore,
  description: 'LuaAuth found fields of the input invalid.',
  interfaces: [Refusal],
  isTypeOf: isType('InvalidFields'),
  fields: (t) => ({
    fields: t.field({
      type: [InvalidField],
      description: 'Each invalid field.',
      resolve: ({ fields }) => [...fields],
    }),
  }),
});

export const NotPermitted = builder.objectRef<Shape<'NotPermitted'>>('NotPermitted').implement({
  extensions: needsNothingMore,
  description: 'The API key may not do this, or there is no such thing: LuaAuth does not tell the two apart.',
  interfaces: [Refusal],
  isTypeOf: isType('NotPermitted'),
  fields: (t) => ({
    reasons: t.stringList({
      description: 'The authorization failures that LuaAuth lists; may be empty.',
      resolve: ({ reasons }) => [...reasons],
    }),
  }),
});

export const UnknownRefusal = builder.objectRef<Shape<'UnknownRefusal'>>('UnknownRefusal').implement({
  extensions: needsNothingMore,
  description: 'A refusal that LuaAuth does not document for this endpoint.',
  interfaces: [Refusal],
  isTypeOf: isType('UnknownRefusal'),
  fields: (t) => ({
    code: t.exposeInt('code', { description: "LuaAuth's code; its meaning depends on the endpoint." }),
  }),
});
