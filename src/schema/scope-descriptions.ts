import { MapperKind, mapSchema } from '@graphql-tools/utils';
import type { GraphQLFieldConfig, GraphQLSchema } from 'graphql';
import { scopesOf } from '../callers/needs.ts';

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

/** Adds to each field's description the scopes that a gateway key needs for it, from where the field declares them. */
export function withScopeDescriptions(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: FieldConfig): FieldConfig => {
      const scopes = scopesOf({ extensions: config.extensions ?? {} }) ?? [];
      if (scopes.length === 0) return config;
      const named = scopes.map((scope) => `\`${scope}\``).join(' and ');
      const needed = `Needs the ${scopes.length === 1 ? 'scope' : 'scopes'} ${named}.`;
      return { ...config, description: `${config.description} ${needed}` };
    },
  });
}
