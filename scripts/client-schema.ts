import {
  type ConstDirectiveNode,
  type GraphQLSchema,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql';

/**
 * The SDL that clients compile against: what introspection tells, and where `@fetchable` stands, which introspection
 * cannot tell and Relay's compiler must know.
 */
export function clientSchema(schema: GraphQLSchema): string {
  const document = visit(parse(printSchema(schema)), {
    ObjectTypeDefinition: (node): ObjectTypeDefinitionNode => ({
      ...node,
      directives: fetchablesOf(schema, node.name.value),
    }),
  });
  return print(document);
}

interface Applied {
  readonly name: string;
  readonly args: { readonly field_name: string };
}

function fetchablesOf(schema: GraphQLSchema, typeName: string): ConstDirectiveNode[] {
  const applied = (schema.getType(typeName)?.extensions.directives ?? []) as readonly Applied[];
  return applied
    .filter(({ name }) => name === 'fetchable')
    .map(({ name, args }) => ({
      kind: Kind.DIRECTIVE,
      name: { kind: Kind.NAME, value: name },
      arguments: [
        {
          kind: Kind.ARGUMENT,
          name: { kind: Kind.NAME, value: 'field_name' },
          value: { kind: Kind.STRING, value: args.field_name },
        },
      ],
    }));
}
