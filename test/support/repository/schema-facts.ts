import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';

/** All types except introspection types. */
export function ownTypes(schema: GraphQLSchema): GraphQLNamedType[] {
  return Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
}

/** Names and nullability of a type, one line each, arguments and union members in alphabetical order. */
export function signaturesOf(type: GraphQLNamedType): string[] {
  if (isUnionType(type)) {
    const members = type.getTypes().map(({ name }) => name);
    return [`${type.name} = ${members.sort().join(' | ')}`];
  }
  if (isSpecifiedScalarType(type)) return [];
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field) => `${type.name}.${field.name}: ${field.type}`);
  }
  if (isObjectType(type) || isInterfaceType(type)) {
    const fields = Object.values(type.getFields()).map(({ name, args, type: result }) => {
      const list = args.map(
        (arg) =>
          `${arg.name}: ${arg.type}${arg.defaultValue === undefined ? '' : ` = ${String(arg.defaultValue)}`}`,
      );
      return `${type.name}.${name}${list.length > 0 ? `(${list.sort().join(', ')})` : ''}: ${result}`;
    });
    return [...fields, ...type.getInterfaces().map(({ name }) => `${type.name} implements ${name}`)];
  }
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name }) => name);
    return [`${type.name} = ${values.sort().join(' | ')}`];
  }
  return [`scalar ${type.name}`];
}
