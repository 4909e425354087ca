import {
  type GraphQLDirective,
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

/** Something that can carry a description, with what it carries. */
export type Described = [name: string, description: string | null | undefined];

/** All types except introspection types. */
export function ownTypes(schema: GraphQLSchema): GraphQLNamedType[] {
  return Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
}

export function describedInDirective({ name, description, args }: GraphQLDirective): Described[] {
  return [
    [`@${name}`, description],
    ...args.map((arg): Described => [`@${name}(${arg.name}:)`, arg.description]),
  ];
}

export function describedInType(type: GraphQLNamedType): Described[] {
  const entries: Described[] = [[type.name, type.description]];
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      entries.push([`${type.name}.${field.name}`, field.description]);
      for (const arg of field.args)
        entries.push([`${type.name}.${field.name}(${arg.name}:)`, arg.description]);
    }
  }
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields()))
      entries.push([`${type.name}.${field.name}`, field.description]);
  }
  if (isEnumType(type)) {
    for (const value of type.getValues()) entries.push([`${type.name}.${value.name}`, value.description]);
  }
  return entries;
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
