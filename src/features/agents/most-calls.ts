import {
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import type { PreparedOperation } from '../../plan/prepared-operation.ts';
import type { CoercedVariables } from '../../plan/variables.ts';

/** Each choice doubles the number of prices to compare. */
const MAX_CHOICES = 6;
/** The JSON of a request cannot hold more items. */
const MOST_ITEMS = 150_000;

/** With any variables: the longest lists, the largest pages, distinct ids, and every condition both ways. At most `limit`. */
export function mostCalls(prepared: PreparedOperation, limit: number): number {
  const { schema, operation } = prepared;
  const variables = (operation.variableDefinitions ?? []).flatMap(({ variable, type: named }) => {
    const type = typeFromAST(schema, named);
    return type ? [{ name: variable.name.value, type }] : [];
  });
  const choices = variables.filter(({ type }) => isChoice(type));
  // A reference can name any type.
  const isOpen = variables.some(({ type }) => getNamedType(type).name === '_Any');
  if (isOpen || choices.length > MAX_CHOICES) return limit;
  const length = Math.min(limit, MOST_ITEMS) + 1;
  const fixed = variables.map(({ name, type }): [string, unknown] => [name, largest(type, name, length)]);
  let most = 0;
  for (let bits = 0; bits < 2 ** choices.length; bits += 1) {
    const chosen = choices.map(({ name, type }, index): [string, unknown] => {
      const isSet = (bits & (1 << index)) !== 0;
      return [name, isBoolean(type) ? isSet : isSet ? largest(type, name, length) : null];
    });
    most = Math.max(most, prepared.price(Object.fromEntries([...fixed, ...chosen])).calls);
  }
  return Math.min(most, limit);
}

const isBoolean = (type: GraphQLType): boolean =>
  String(isNonNullType(type) ? type.ofType : type) === 'Boolean';

/** Whether a smaller value can cost more: a condition may select other fields, an object may choose the endpoint. */
const isChoice = (type: GraphQLType): boolean => isBoolean(type) || isInputObjectType(type);

/** The most expensive value of a type. Each text is named after its place, so that all texts differ. */
function largest(type: GraphQLType, place: string, length: number): CoercedVariables[string] {
  if (isNonNullType(type)) return largest(type.ofType, place, length);
  if (isListType(type))
    return Array.from({ length }, (_, index) => largest(type.ofType, `${place}.${index}`, length));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return Object.fromEntries(
      fields.map((field) => [field.name, largest(field.type, `${place}.${field.name}`, length)]),
    );
  }
  if (isEnumType(type)) return type.getValues()[0]?.value;
  return ['Int', 'SafeInt', 'Float'].includes(type.name) ? Number.MAX_SAFE_INTEGER : isBoolean(type) || place;
}
