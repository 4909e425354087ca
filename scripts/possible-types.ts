import { type GraphQLSchema, isAbstractType } from 'graphql';

/** The object types of each interface and union, as an ES module and its declaration, for the caches of clients. */
export function possibleTypesModule(schema: GraphQLSchema): {
  readonly code: string;
  readonly types: string;
} {
  const names = Object.values(schema.getTypeMap())
    .filter((type) => isAbstractType(type))
    // Routers alone ask for the union of all entities.
    .filter(({ name }) => !name.startsWith('_'))
    .map((type): [string, string[]] => [
      type.name,
      schema
        .getPossibleTypes(type)
        .map(({ name }) => name)
        .sort(),
    ]);
  const what =
    '/** The object types of each interface and union of luaauth-graphql: see docs/typed-clients.md. */';
  const members = names.map(([name]) => `  readonly ${name}: string[];\n`).join('');
  return {
    code: `${what}\nexport const possibleTypes = ${JSON.stringify(Object.fromEntries(names), undefined, 2)};\n`,
    // Apollo Client wants arrays that it may change.
    types: `${what}\nexport declare const possibleTypes: {\n${members}};\n`,
  };
}
