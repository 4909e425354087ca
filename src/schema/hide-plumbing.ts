import { GraphQLSchema, isSpecifiedScalarType } from 'graphql';
import { fetchable } from './entity.ts';

const DESCRIPTION = `The REST API of LuaAuth: projects, scripts, their executions, the users of licence keys, and who is connected now.
Each field says what it costs in REST calls; what it does not say comes with its parent. A field that fails is null alone, with an error that says why.
Each refusal by LuaAuth is a type of the mutation's result.`;

/** Query fields for routers and for Relay's compiler, and the types of these fields. */
const IS_PLUMBING = /^_(?!_)|^fetch__/;

/**
 * The schema as it is served. Fields for routers and Relay's compiler alone are not shown: not by introspection, nor in SDL or
 * suggestions.
 */
export function hidePlumbing(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const served = new GraphQLSchema({
    ...config,
    description: DESCRIPTION,
    types: config.types.filter((type) => !isSpecifiedScalarType(type)),
    directives: config.directives.filter(({ name }) => name !== fetchable.name),
  });
  const fields = served.getQueryType()?.getFields() ?? {};
  // Found by its name, but in no list that graphql-js makes of the map.
  for (const all of [fields, served.getTypeMap()])
    for (const value of Object.values<{ readonly name: string }>(all))
      if (IS_PLUMBING.test(value.name)) Object.defineProperty(all, value.name, { value, enumerable: false });
  return served;
}
