import {
  type DocumentNode,
  type FieldNode,
  Kind,
  OperationTypeNode,
  parse,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { isObject } from '../../luaauth/envelope.ts';

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly unknown[] | null;
}

/** The types of what a mutation wanted. */
const SUCCESS = /^(?:\w+Success|MessageDelivered)$/;

const TYPE_NAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * The document with the `__typename` of what each mutation gives: which distinguishes a refusal from a success. One that has
 * them all goes out as it is, and so does one that cannot be read, which is the gateway's to say.
 */
export function withTypeNames(text: string): string {
  const document = parseOrUndefined(text);
  const missing = new Set<unknown>(mutationFields(document).filter((field) => !hasTypeName(field)));
  if (!document || missing.size === 0) return text;
  return print(
    visit(document, {
      SelectionSet: (set, _key, field) =>
        missing.has(field) ? { ...set, selections: [TYPE_NAME, ...set.selections] } : undefined,
    }),
  );
}

/** Whether a document has a mutation. */
export function isMutation(text: string): boolean {
  return mutationFields(parseOrUndefined(text)).length > 0;
}

/** The outcome of an operation; undefined when the text is not the answer of a gateway. */
export function readOutcome(text: string, document: string) {
  const answer = readAnswer(text);
  if (answer === undefined) return undefined;
  const { data } = answer;
  const fields = mutationFields(parseOrUndefined(document));
  const added = new Set(fields.filter((field) => !hasTypeName(field)).map(responseKey));
  const mutations = fields.map((field) => data?.[responseKey(field)]);
  return {
    /** As the document asks for it. */
    answer: data && added.size > 0 ? { ...answer, data: withoutTypeNames(data, added) } : answer,
    hasErrors: (answer.errors ?? []).length > 0,
    /** A mutation came to something else than its success. */
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

function parseOrUndefined(document: string): DocumentNode | undefined {
  try {
    return parse(document, { noLocation: true });
  } catch {
    return undefined;
  }
}

function mutationFields(document: DocumentNode | undefined): FieldNode[] {
  return (document?.definitions ?? []).flatMap((definition) => {
    const isOfMutations =
      (definition.kind === Kind.OPERATION_DEFINITION &&
        definition.operation === OperationTypeNode.MUTATION) ||
      (definition.kind === Kind.FRAGMENT_DEFINITION && definition.typeCondition.name.value === 'Mutation');
    return isOfMutations ? fieldsWithSelection(definition.selectionSet) : [];
  });
}

function fieldsWithSelection({ selections }: SelectionSetNode): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsWithSelection(selection.selectionSet);
    return selection.kind === Kind.FIELD && selection.selectionSet ? [selection] : [];
  });
}

function hasTypeName({ selectionSet }: FieldNode): boolean {
  return (selectionSet?.selections ?? []).some(
    (selection) =>
      selection.kind === Kind.FIELD && selection.name.value === '__typename' && selection.alias === undefined,
  );
}

const responseKey = ({ alias, name }: FieldNode) => (alias ?? name).value;
