import {
  type DocumentNode,
  type FieldNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql';
import { isObject } from '../../../luaauth/envelope.ts';
import { stringifyExactJson } from '../../../transport/json.ts';

type RowValues = Readonly<Record<string, unknown>>;

export interface RowOperation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  readonly isMutation: boolean;
  readonly variables: ReadonlyMap<string, RowVariable>;
  /** A text that is equal for rows that change the same object: the `key` or `id` of the input, else all values. */
  identityOf(values: RowValues): string;
}

export interface RowVariable {
  /** The type's name without `!`. Undefined for a list. */
  readonly typeName: string | undefined;
  readonly isRequired: boolean;
}

/** Returns a text if the operation cannot run for each row. */
export function readRowOperation(text: string, name: string | undefined): RowOperation | string {
  let document: DocumentNode;
  try {
    document = parse(text, { noLocation: true });
  } catch (error) {
    return `The document cannot be read: ${(error as Error).message}`;
  }
  const definition = getOperationAST(document, name);
  if (!definition)
    return name === undefined
      ? 'The document needs exactly one operation. Name the operation with --operation.'
      : `The document has no operation with the name ${JSON.stringify(name)}. Check --operation.`;
  if (definition.operation === OperationTypeNode.SUBSCRIPTION)
    return 'The operation is a subscription, which never ends. --each needs a query or a mutation.';
  const isMutation = definition.operation === OperationTypeNode.MUTATION;
  const [field, ...others] = rootFieldsOf(document, definition.selectionSet);
  if (isMutation && others.length > 0)
    return 'The mutation has more than one field. With --each give it only one: after an error it would not be known how many fields were carried out.';
  const target = isMutation && field ? targetOf(field) : undefined;
  return {
    document,
    definition,
    isMutation,
    variables: new Map(
      (definition.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => [
        variable.name.value,
        {
          typeName: nameOf(type),
          isRequired: type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
        },
      ]),
    ),
    identityOf: (values) => stringifyExactJson(target?.(values) ?? values),
  };
}

function nameOf(type: TypeNode): string | undefined {
  if (type.kind === Kind.NON_NULL_TYPE) return nameOf(type.type);
  return type.kind === Kind.NAMED_TYPE ? type.name.value : undefined;
}

/** Fragments may spread themselves, which the gateway refuses later. */
export const MAX_DEPTH = 50;

function rootFieldsOf(document: DocumentNode, { selections }: SelectionSetNode, depth = 0): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const set = selectionsOf(document, selection);
    return set && depth < MAX_DEPTH ? rootFieldsOf(document, set, depth + 1) : [];
  });
}

export function selectionsOf(
  document: DocumentNode,
  selection: SelectionSetNode['selections'][number],
): SelectionSetNode | undefined {
  if (selection.kind !== Kind.FRAGMENT_SPREAD) return selection.selectionSet;
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value)
      return definition.selectionSet;
  return undefined;
}

const TARGETS = ['key', 'id'];
/** Stands for a target that no row chooses: a literal, or the default of a variable. */
const SAME_TARGET = '';

/** Reads the mutation's `key` or `id` from the variables. The result is undefined if the input has neither. */
function targetOf({ arguments: given = [] }: FieldNode): (values: RowValues) => unknown {
  const value = given.find(({ name }) => name.value === 'input')?.value;
  if (value?.kind === Kind.VARIABLE) {
    const { value: name } = value.name;
    return (values) => memberOf(values[name]);
  }
  const field = value?.kind === Kind.OBJECT && value.fields.find(({ name }) => TARGETS.includes(name.value));
  if (!field) return () => undefined;
  const name = field.value.kind === Kind.VARIABLE ? field.value.name.value : '';
  return (values) => values[name] ?? SAME_TARGET;
}

function memberOf(input: unknown): unknown {
  return isObject(input) ? TARGETS.map((key) => input[key]).find((found) => found !== undefined) : undefined;
}
