import { type GraphQLField, type GraphQLObjectType, type GraphQLSchema, isObjectType } from 'graphql';
import { scopesOfField } from '../callers/scopes.ts';

/** Adds the needed scopes to each description. Changes the schema, so call it before the schema is used. */
export function describeScopes(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const needed = neededBy(type, field);
      if (needed !== '') field.description += needed;
    }
  }
}

/** The sentence for a field's description; '' if the field needs no scope. */
export function neededBy(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string {
  const scopes = scopesOfField(type, field) ?? [];
  if (scopes.length === 0) return '';
  const named = scopes.map((scope) => `\`${scope}\``).join(' and ');
  return ` Needs the ${scopes.length === 1 ? 'scope' : 'scopes'} ${named}.`;
}
