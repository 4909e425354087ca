import {
  coerceInputValue,
  type FieldNode,
  GraphQLBoolean,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  typeFromAST,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import { CANNOT_RUN, codedError } from '../errors/coded-error.ts';
import { cut } from './limits.ts';

/** Variables after coercion, as resolvers see them. */
export type CoercedVariables = Readonly<Record<string, unknown>>;
interface DeclaredVariables {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
}

type Given = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** The most errors for one variable, as a list can have thousands of bad items. */
const MAX_ERRORS = 10;

const NO_VARIABLES: { readonly coerced: CoercedVariables } = { coerced: {} };

/** Says why variables do not fit. GraphQL's own errors would quote the values, which may be licence keys or source code. */
export function coerceVariables(
  { schema, operation: { variableDefinitions: definitions = [] } }: DeclaredVariables,
  given: Given = {},
): { readonly coerced: CoercedVariables } | { readonly errors: readonly GraphQLError[] } {
  if (definitions.length === 0) return NO_VARIABLES;
  const { coerced } = getVariableValues(schema, definitions, given, { maxErrors: 1 });
  if (coerced) return { coerced };
  const errors = definitions.flatMap((definition) => {
    const type = typeFromAST(schema, definition.type);
    return isInputType(type) ? findErrors(definition, type, given) : [];
  });
  return { errors };
}

function findErrors(
  definition: VariableDefinitionNode,
  type: GraphQLInputType,
  given: Given,
): GraphQLError[] {
  const name = definition.variable.name.value;
  if (!Object.hasOwn(given, name)) {
    if (!isNonNullType(type) || definition.defaultValue) return [];
    return [refuse(definition, [], `it is missing. Give a value of type ${type}.`)];
  }
  const errors: GraphQLError[] = [];
  const enough = new Error('enough');
  try {
    coerceInputValue(given[name], type, (path, value, error) => {
      errors.push(refuse(definition, path, reasonOf(error, value, typeAt(type, path))));
      if (errors.length === MAX_ERRORS) throw enough;
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return errors;
}

/** Shows a value only if it is a number or a boolean. Our own scalars quote nothing. */
function reasonOf(error: GraphQLError, value: unknown, type: GraphQLInputType): string {
  if (value === null || value === undefined) return `null is not allowed. Give a value of type ${type}.`;
  const isQuoted = isLeafType(getNamedType(type)) && error.extensions.code !== 'BAD_USER_INPUT';
  const isHarmless = ['number', 'bigint', 'boolean'].includes(typeof value);
  if (!isQuoted || isHarmless) return error.message;
  const allowed = getNullableType(type) === GraphQLBoolean ? 'true or false' : `a value of type ${type}`;
  return `it has another type. Give ${allowed}.`;
}

function typeAt(type: GraphQLInputType, [key, ...rest]: Path): GraphQLInputType {
  const nullable = getNullableType(type);
  if (key === undefined) return type;
  if (isListType(nullable)) return typeAt(nullable.ofType, rest);
  const field = isInputObjectType(nullable) ? nullable.getFields()[key] : undefined;
  return field ? typeAt(field.type, rest) : type;
}

function refuse(definition: VariableDefinitionNode, path: Path, reason: string): GraphQLError {
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  const argument = `$${definition.variable.name.value}${place}`;
  const facts = { argument, http: CANNOT_RUN };
  return codedError('BAD_USER_INPUT', cut(`${argument}: ${reason}`), facts, [definition]);
}

type ReadArguments = (variables: CoercedVariables) => Record<string, unknown>;

export interface ArgumentsPlan {
  readonly usesVariables: boolean;
  /** The arguments, if they depend on no variable. */
  readonly constantArguments: Record<string, unknown> | undefined;
  readonly readArguments: ReadArguments;
}

/** Arguments without variables are read once for all executions. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentsPlan {
  const usesVariables = (node.arguments ?? []).some(({ value }) => holdsVariable(value));
  const constantArguments = usesVariables ? undefined : constantsOf(field, node);
  const readArguments: ReadArguments = (variables) =>
    constantArguments ?? getArgumentValues(field, node, variables);
  return { usesVariables, constantArguments, readArguments };
}

/** Undefined for wrong arguments, which are an error of each execution. */
function constantsOf(field: GraphQLField<unknown, unknown>, node: FieldNode) {
  try {
    return getArgumentValues(field, node);
  } catch {
    return undefined;
  }
}

function holdsVariable(node: ValueNode): boolean {
  switch (node.kind) {
    case Kind.VARIABLE:
      return true;
    case Kind.LIST:
      return node.values.some(holdsVariable);
    case Kind.OBJECT:
      return node.fields.some(({ value }) => holdsVariable(value));
    default:
      return false;
  }
}
