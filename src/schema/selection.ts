import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLResolveInfo,
  getArgumentValues,
  isObjectType,
  responsePathAsArray,
} from 'graphql';
import { collectFields } from '../execution/collect-fields.ts';

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

/** Throws what the resolver would throw for these arguments on the object with this id. */
type ArgumentCheck = (id: string, args: Readonly<Record<string, unknown>>) => void;

type Annotation = { readonly argumentCheck: ArgumentCheck };

/** A field's `extensions` when its arguments can be judged before the object that it belongs to is there. */
export function checksArguments<Args>(check: (id: string, args: Args) => void): Annotation {
  return { argumentCheck: check as ArgumentCheck };
}

/**
 * Looks ahead at what is selected on objects of a type that are about to be read. The function that it gives takes an
 * object's id, and its index if the field is a list, and throws the error of a field that is bound to fail, at the
 * place where the field would: so it costs no call.
 */
export function lookAhead(info: GraphQLResolveInfo, typeName: string): (id: string, index?: number) => void {
  const checked = checkedFields(info, typeName);
  if (checked.length === 0) return nothingToCheck;
  return (id, index) => {
    for (const { key, node, field, check } of checked) {
      const args = getArgumentValues(field, node, info.variableValues);
      try {
        check(id, args);
      } catch (error) {
        if (!(error instanceof GraphQLError)) throw error;
        const path = [...responsePathAsArray(info.path), ...(index === undefined ? [] : [index]), key];
        throw new GraphQLError(error.message, { nodes: node, path, extensions: error.extensions });
      }
    }
  };
}

function nothingToCheck(): void {}

interface CheckedField {
  readonly key: string;
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
    const type = info.schema.getType(typeName);
    const fields = isObjectType(type) ? type.getFields() : {};
    checked = [...selected].flatMap(([key, [node]]) => {
      const field = node && fields[node.name.value];
      const check = (field?.extensions as Partial<Annotation> | undefined)?.argumentCheck;
      return field && check ? [{ key, node, field, check }] : [];
    });
    checkedBySelection.set(selected, checked);
  }
  return checked;
}
