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
  valueFromAST,
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

/** The most errors of an operation, as a list can have thousands of bad items. */
const MAX_ERRORS = 10;
const ENOUGH = new Error('enough');

const NO_VARIABLES: { readonly coerced: CoercedVariables } = { coerced: {} };

/**
 * Like graphql's `getVariableValues`, but says why a variable does not fit without quoting it: it may be a licence key, source code or
 * megabytes of JSON.
 */
export function coerceVariables(
  { schema, operation: { variableDefinitions: definitions = [] } }: DeclaredVariables,
  given: Given = {},
): { readonly coerced: CoercedVariables } | { readonly errors: readonly GraphQLError[] } {
  if (definitions.length === 0) return NO_VARIABLES;
  // A variable may be named `__proto__`.
  const coerced: Record<string, unknown> = Object.create(null);
  const errors: GraphQLError[] = [];
  for (const definition of definitions) {
    if (errors.length === MAX_ERRORS) break;
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    // A valid operation has only variables of input types.
    if (!isInputType(type)) continue;
    if (Object.hasOwn(given, name)) coerced[name] = coerceGiven(definition, type, given[name], errors);
    else if (definition.defaultValue) coerced[name] = valueFromAST(definition.defaultValue, type);
    else if (isNonNullType(type))
      errors.push(refuse(definition, [], `it is missing. Give a value of type ${type}.`));
  }
  return errors.length === 0 ? { coerced } : { errors };
}

/** Adds errors until there are `MAX_ERRORS`. */
function coerceGiven(
  definition: VariableDefinitionNode,
  type: GraphQLInputType,
  given: unknown,
  errors: GraphQLError[],
): unknown {
  try {
    return coerceInputValue(given, type, (path, value, error) => {
      errors.push(refuse(definition, path, reasonOf(error, value, typeAt(type, path))));
      if (errors.length === MAX_ERRORS) throw ENOUGH;
    });
  } catch (error) {
    if (error !== ENOUGH) throw error;
    return undefined;
  }
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
