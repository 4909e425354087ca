import {
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type TypeNode,
} from 'graphql';
import { StartError } from '../../../../observability/start-error.ts';

/** The operation that runs for each row. */
export interface RowOperation {
  readonly document: string;
  readonly name: string | undefined;
  /** The field that writes; undefined for a query. */
  readonly mutation: string | undefined;
  readonly variables: ReadonlyMap<string, RowVariable>;
}

export interface RowVariable {
  /** The type's name without `!`. Undefined for a list. */
  readonly typeName: string | undefined;
  readonly isRequired: boolean;
}

/** @throws StartError if the operation cannot run for each row */
export function readRowOperation(document: string, name: string | undefined): RowOperation {
  const definition = definitionIn(document, name);
  if (definition.operation === OperationTypeNode.SUBSCRIPTION)
    throw new StartError(
      'The operation is a subscription, which never ends. --each needs a query or a mutation.',
    );
  const isMutation = definition.operation === OperationTypeNode.MUTATION;
  const [field, ...others] = definition.selectionSet.selections;
  if (isMutation && (field?.kind !== Kind.FIELD || others.length > 0))
    throw new StartError(
      'With --each a mutation has exactly one field, which is in no fragment: otherwise it would not be known after an error which fields were carried out.',
    );
  const written = isMutation && field?.kind === Kind.FIELD ? field : undefined;
  return {
    document,
    name,
    mutation: written?.name.value,
    variables: new Map(
      (definition.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => [
        variable.name.value,
        {
          typeName: nameOf(type),
          isRequired: type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
        },
      ]),
    ),
  };
}

function definitionIn(document: string, name: string | undefined): OperationDefinitionNode {
  try {
    const definition = getOperationAST(parse(document, { noLocation: true }), name);
    if (definition) return definition;
  } catch (error) {
    throw new StartError(`The document cannot be read: ${(error as Error).message}`);
  }
  throw new StartError(
    name === undefined
      ? 'The document needs exactly one operation. Name the operation with --operation.'
      : `The document has no operation with the name ${JSON.stringify(name)}. Check --operation.`,
  );
}

function nameOf(type: TypeNode): string | undefined {
  if (type.kind === Kind.NON_NULL_TYPE) return nameOf(type.type);
  return type.kind === Kind.NAMED_TYPE ? type.name.value : undefined;
}
