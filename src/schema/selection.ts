import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  isAbstractType,
  isListType,
  isObjectType,
  responsePathAsArray,
} from 'graphql';
import { collectFields, type Scope } from '../execution/collect-fields.ts';

type Selected = ReadonlyMap<string, readonly FieldNode[]>;

/** By the field's nodes: a list of them belongs to one execution, or to a document without @skip and @include. */
const known = new WeakMap<GraphQLResolveInfo['fieldNodes'], Map<string, Selected>>();

/** What is selected right below the field on objects of a type, by response key; fragments and @skip/@include read. */
export function selectedBelow(info: GraphQLResolveInfo, typeName: string): Selected {
  let byType = known.get(info.fieldNodes);
  if (!byType) {
    byType = new Map();
    known.set(info.fieldNodes, byType);
  }
  let selected = byType.get(typeName);
  if (!selected) {
    selected = collectBelow(info, typeName);
    byType.set(typeName, selected);
  }
  return selected;
}

function collectBelow(info: GraphQLResolveInfo, typeName: string): Selected {
  const { schema, variableValues: variables } = info;
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return new Map();
  const fragments = new Map(Object.entries(info.fragments));
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return collectFields({ schema, fragments, variables }, type, sets);
}

/** Whether the field's selection asks for nothing but `names` and `__typename`. */
export function selectsOnly(info: GraphQLResolveInfo, typeName: string, names: readonly string[]): boolean {
  for (const [node] of selectedBelow(info, typeName).values()) {
    if (!node || (node.name.value !== '__typename' && !names.includes(node.name.value))) return false;
  }
  return true;
}

/** Whether the field's selection asks for one of `names`. */
export function selectsOneOf(info: GraphQLResolveInfo, typeName: string, names: readonly string[]): boolean {
  for (const [node] of selectedBelow(info, typeName).values()) {
    if (node && names.includes(node.name.value)) return true;
  }
  return false;
}

/** Throws what the resolver would throw for these arguments on the object with this id; undefined: which one is not known. */
type ArgumentCheck = (id: string | undefined, args: Readonly<Record<string, unknown>>) => void;

type Annotation = { readonly argumentCheck: ArgumentCheck };

/** A field's `extensions` when its arguments can be judged before the object that it belongs to is there. */
export function checksArguments<Args>(check: (id: string | undefined, args: Args) => void): Annotation {
  return { argumentCheck: check as ArgumentCheck };
}

/**
 * Looks ahead at all that is selected on objects of a type that are about to be read, and below them. The function that
 * it gives takes an object's id, and its index if the field is a list, and throws the error of a field that is bound to
 * fail, at the place where the field would: so it costs no call. Below a list that is not read yet it is the list's place.
 */
export function lookAhead(info: GraphQLResolveInfo, typeName: string): (id: string, index?: number) => void {
  const checked = checkedFields(info, typeName);
  if (checked.length === 0) return nothingToCheck;
  return (id, index) => {
    for (const { keys, isDirect, node, field, check } of checked) {
      const args = getArgumentValues(field, node, info.variableValues);
      try {
        check(isDirect ? id : undefined, args);
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        const path = [...responsePathAsArray(info.path), ...(index === undefined ? [] : [index]), ...keys];
        throw new GraphQLError(error.message, { nodes: node, path, extensions: error.extensions });
      }
    }
  };
}

function nothingToCheck(): void {}

interface CheckedField {
  /** Where it is below the objects that are about to be read; what is in a list has no place yet. */
  readonly keys: readonly string[];
  /** Whether it is a field of the objects that are about to be read, whose ids are known. */
  readonly isDirect: boolean;
  readonly node: FieldNode;
  readonly field: GraphQLField<unknown, unknown>;
  readonly check: ArgumentCheck;
}

/** By what is selected. */
const checkedBySelection = new WeakMap<object, readonly CheckedField[]>();

function checkedFields(info: GraphQLResolveInfo, typeName: string): readonly CheckedField[] {
  const selected = selectedBelow(info, typeName);
  let checked = checkedBySelection.get(selected);
  if (!checked) {
    const { schema, variableValues: variables } = info;
    const scope = { schema, fragments: new Map(Object.entries(info.fragments)), variables };
    checked = findChecked(scope, schema.getType(typeName), selected);
    checkedBySelection.set(selected, checked);
  }
  return checked;
}

interface Above {
  readonly keys: readonly string[];
  readonly isInList: boolean;
}

function findChecked(
  scope: Scope,
  type: GraphQLNamedType | undefined,
  selected: Selected,
  above?: Above,
): CheckedField[] {
  if (!isObjectType(type)) return [];
  return [...selected].flatMap(([key, nodes]) => {
    const [node] = nodes;
    const field = node && type.getFields()[node.name.value];
    if (!field) return [];
    const keys = above?.isInList ? above.keys : [...(above?.keys ?? []), key];
    const check = (field.extensions as Partial<Annotation>).argumentCheck;
    const own = check ? [{ keys, isDirect: above === undefined, node, field, check }] : [];
    const isInList = above?.isInList === true || isListType(getNullableType(field.type));
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const below = typesOf(scope.schema, getNamedType(field.type)).flatMap((one) =>
      findChecked(scope, one, collectFields(scope, one, sets), { keys, isInList }),
    );
    return [...own, ...below];
  });
}

function typesOf(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLObjectType[] {
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [];
}
