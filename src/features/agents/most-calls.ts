import {
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import { MAX_KEYS_OF_ID, type UserTable } from '../../callers/user-table.ts';
import { MAX_JSON_VALUES } from '../../operation/params.ts';
import type { PreparedOperation } from '../../plan/prepared-operation.ts';
import type { CoercedVariables } from '../../plan/variables.ts';

const MOST_KEYS = Array.from({ length: MAX_KEYS_OF_ID }, String);
/** Every Discord id has as many keys as it may have. */
const FULL_TABLE: UserTable = { get: () => MOST_KEYS };

/**
 * The price in REST calls, at most `limit`, with the longest lists, the largest pages and distinct ids. A selection counts
 * whatever its condition says, because variables of conditions are left out.
 */
export function mostCalls(prepared: PreparedOperation, limit: number): number {
  const { schema, operation } = prepared;
  const variables = (operation.variableDefinitions ?? []).flatMap(({ variable, type: named }) => {
    const type = typeFromAST(schema, named);
    return type ? [{ name: variable.name.value, type }] : [];
  });
  // A reference can name any type.
  if (variables.some(({ type }) => getNamedType(type).name === '_Any')) return limit;
  // A longer list does not fit into a request.
  const length = Math.min(limit, MAX_JSON_VALUES) + 1;
  const values = variables
    .filter(({ type }) => getNamedType(type).name !== 'Boolean')
    .map(({ name, type }) => [name, largest(type, name, length)]);
  return Math.min(prepared.price(Object.fromEntries(values), FULL_TABLE).calls, limit);
}

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
  if (type.name === 'Boolean') return true;
  return ['Int', 'SafeInt', 'Float'].includes(type.name) ? Number.MAX_SAFE_INTEGER : place;
}
