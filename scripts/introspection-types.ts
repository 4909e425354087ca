import { type GraphQLSchema, introspectionFromSchema } from 'graphql';

/** The schema as a TypeScript type, from which gql.tada derives the types of documents. JSON is such a type. */
export function introspectionTypes(schema: GraphQLSchema): string {
  const { __schema } = introspectionFromSchema(schema, { descriptions: false, specifiedByUrl: false });
  const types = __schema.types.filter(({ name }) => !name.startsWith('__'));
  const introspection = { __schema: { ...__schema, types, directives: [] } };
  return `/** The schema of luaauth-graphql for gql.tada: see docs/typed-clients.md. */
export type introspection = ${JSON.stringify(introspection, (key, value) => (isUseless(key, value) ? undefined : value))};
`;
}

/** Members of introspection that gql.tada does not read. */
function isUseless(key: string, value: unknown): boolean {
  return ['isDeprecated', 'deprecationReason'].includes(key) || (key === 'description' && value === null);
}
