import { GraphQLSchema, isSpecifiedScalarType } from 'graphql';
import { fetchable } from './fetchable.ts';

const DESCRIPTION = `The REST API of LuaAuth: projects, scripts, their executions, the users of licence keys, and who is connected now.
Each field says what it costs in REST calls; a field without a price comes with its parent. A field that fails is null, with an error that says why; the other fields stay.
Each refusal by LuaAuth is a type of the mutation's result.`;

/** Query fields for routers and for Relay's compiler, and the types of these fields. */
const IS_PLUMBING = /^_(?!_)|^fetch__/;

/** Hides the fields that only routers and Relay's compiler use: introspection, SDL and suggestions do not show them. */
export function hidePlumbing(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const served = new GraphQLSchema({
    ...config,
    description: DESCRIPTION,
    types: config.types.filter((type) => !isSpecifiedScalarType(type)),
    directives: config.directives.filter(({ name }) => name !== fetchable.name),
  });
  const fields = served.getQueryType()?.getFields() ?? {};
  // Finds the field by its name, but leaves it out when graphql-js lists the map.
  for (const all of [fields, served.getTypeMap()])
    for (const value of Object.values<{ readonly name: string }>(all))
      if (IS_PLUMBING.test(value.name)) Object.defineProperty(all, value.name, { value, enumerable: false });
  return served;
}
