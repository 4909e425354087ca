import { type FieldNode, Kind, OperationTypeNode, parse, print, type SelectionNode, visit } from 'graphql';

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly unknown[] | null;
}

export interface QueryOutcome {
  /** As the document asks for it. */
  readonly answer: object;
  readonly hasErrors: boolean;
  /** A mutation came to something else than its success. */
  readonly isRefused: boolean;
}

/** The types of what a mutation wanted. */
const SUCCESS = /^(?:\w+Success|MessageDelivered)$/;

const TYPE_NAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * The document with the `__typename` of what each mutation gives: by that a refusal is told from a success. One that has
 * them all goes out as it is, and so does one that cannot be read, which is the gateway's to say.
 */
export function withTypeNames(document: string): string {
  const missing = fieldsWithoutTypeName(document);
  if (missing.size === 0) return document;
  return print(
    visit(parse(document, { noLocation: true }), {
      OperationDefinition: (node) =>
        node.operation !== OperationTypeNode.MUTATION
          ? undefined
          : {
              ...node,
              selectionSet: {
                ...node.selectionSet,
                selections: node.selectionSet.selections.map((selection) =>
                  selection.kind === Kind.FIELD && selection.selectionSet && !hasTypeName(selection)
                    ? {
                        ...selection,
                        selectionSet: {
                          ...selection.selectionSet,
                          selections: [TYPE_NAME, ...selection.selectionSet.selections],
                        },
                      }
                    : selection,
                ),
              },
            },
    }),
  );
}

/** What came of an operation; undefined when the text is not the answer of a gateway. */
export function readOutcome(text: string, document: string): QueryOutcome | undefined {
  const answer = readAnswer(text);
  if (answer === undefined) return undefined;
  const { data } = answer;
  const added = fieldsWithoutTypeName(document);
  const mutations = responseKeysOfMutations(document).map((key) => data?.[key]);
  return {
    answer: data && added.size > 0 ? { ...answer, data: withoutTypeNames(data, added) } : answer,
    hasErrors: (answer.errors ?? []).length > 0,
    isRefused: mutations.some((value) => isObject(value) && !SUCCESS.test(String(value.__typename))),
  };
}

function readAnswer(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { data = null, errors = null } = value;
    const isAnswer = (isObject(data) || data === null) && (Array.isArray(errors) || errors === null);
    return isAnswer && ('data' in value || 'errors' in value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutTypeNames(data: Readonly<Record<string, unknown>>, keys: ReadonlySet<string>): object {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if (!keys.has(key) || !isObject(value)) return [key, value];
      const { __typename: _added, ...rest } = value;
      return [key, rest];
    }),
  );
}

function fieldsWithoutTypeName(document: string): Set<string> {
  const missing = mutationFields(document).filter((field) => !hasTypeName(field));
  return new Set(missing.map(responseKey));
}

function responseKeysOfMutations(document: string): string[] {
  return mutationFields(document).map(responseKey);
}

function mutationFields(document: string): FieldNode[] {
  try {
    return parse(document, { noLocation: true }).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.MUTATION
        ? definition.selectionSet.selections.filter(isFieldWithSelection)
        : [],
    );
  } catch {
    return [];
  }
}

function isFieldWithSelection(selection: SelectionNode): selection is FieldNode {
  return selection.kind === Kind.FIELD && selection.selectionSet !== undefined;
}

function hasTypeName({ selectionSet }: FieldNode): boolean {
  return (selectionSet?.selections ?? []).some(
    (selection) =>
      selection.kind === Kind.FIELD && selection.name.value === '__typename' && selection.alias === undefined,
  );
}

const responseKey = ({ alias, name }: FieldNode) => (alias ?? name).value;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
