import { type FieldNode, type GraphQLField, getArgumentValues, Kind, type ValueNode, visit } from 'graphql';

export type Values = Readonly<Record<string, unknown>>;
/** A field's arguments, from variables as resolvers see them. @throws what is wrong with them. */
export type ReadArguments = (variables: Values) => Values;

/** Works out once what can be: an argument without variables never changes, one that is a variable is looked up. */
export function planArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): ReadArguments {
  const given = new Map(node.arguments?.map(({ name, value }) => [name.value, value]));
  const names = [...given].filter(([, value]) => holdsVariable(value)).map(([name]) => name);
  if (names.length === 0) {
    const args = getArgumentValues(field, node);
    return () => args;
  }
  const [name = '', ...others] = names;
  const value = given.get(name);
  if (field.args.length > 1 || others.length > 0 || value?.kind !== Kind.VARIABLE) {
    return (variables) => getArgumentValues(field, node, variables);
  }
  const variable = value.name.value;
  return (variables) => {
    const found = variables[variable];
    // Missing and null are told apart, and refused where that must be, by GraphQL itself.
    return found === undefined || found === null
      ? getArgumentValues(field, node, variables)
      : { [name]: found };
  };
}

function holdsVariable(node: ValueNode): boolean {
  let found = false;
  visit(node, {
    Variable() {
      found = true;
    },
  });
  return found;
}
