import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLResolveInfo,
  getArgumentValues,
  isObjectType,
  responsePathAsArray,
} from 'graphql';
import { selectedBelow } from './selection.ts';

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
const known = new WeakMap<object, readonly CheckedField[]>();

function checkedFields(info: GraphQLResolveInfo, typeName: string): readonly CheckedField[] {
  const selected = selectedBelow(info, typeName);
  let checked = known.get(selected);
  if (!checked) {
    const type = info.schema.getType(typeName);
    const fields = isObjectType(type) ? type.getFields() : {};
    checked = [...selected].flatMap(([key, [node]]) => {
      const field = node && fields[node.name.value];
      const check = (field?.extensions as Partial<Annotation> | undefined)?.argumentCheck;
      return field && check ? [{ key, node, field, check }] : [];
    });
    known.set(selected, checked);
  }
  return checked;
}
