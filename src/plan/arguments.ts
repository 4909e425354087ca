import { type FieldNode, type GraphQLField, getArgumentValues, Kind, type ValueNode } from 'graphql';

/** Variables as resolvers see them. */
export type CoercedVariables = Readonly<Record<string, unknown>>;
/** A field's arguments. @throws what is wrong with them. */
type ReadArguments = (variables: CoercedVariables) => Record<string, unknown>;

export interface ArgumentsPlan {
  readonly usesVariables: boolean;
  /** The arguments, where they are the same with any variables. */
  readonly constantArguments: Record<string, unknown> | undefined;
  readonly readArguments: ReadArguments;
}

/** Works out once what can be: an argument without variables never changes, one that is a variable is looked up. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentsPlan {
  const given = (node.arguments ?? []).filter(({ value }) => holdsVariable(value));
  if (given.length === 0) return planConstants(field, node);
  const [only] = given;
  if (field.args.length > 1 || only?.value.kind !== Kind.VARIABLE) {
    return planned((variables) => getArgumentValues(field, node, variables));
  }
  const name = only.name.value;
  const variable = only.value.name.value;
  const readArguments: ReadArguments = (variables) => {
    const value = variables[variable];
    // Missing and null are distinguished, and refused where that must be, by GraphQL itself.
    return value === undefined || value === null
      ? getArgumentValues(field, node, variables)
      : { [name]: value };
  };
  return planned(readArguments);
}

function planned(readArguments: ReadArguments): ArgumentsPlan {
  return { usesVariables: true, constantArguments: undefined, readArguments };
}

function planConstants(field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentsPlan {
  try {
    const constantArguments = getArgumentValues(field, node);
    return { usesVariables: false, constantArguments, readArguments: () => constantArguments };
  } catch {
    // Wrong arguments are an error of each execution.
    const readArguments = () => getArgumentValues(field, node);
    return { usesVariables: false, constantArguments: undefined, readArguments };
  }
}

/** Whether a value depends on variables. */
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
