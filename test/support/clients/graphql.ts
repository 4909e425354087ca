import { initGraphQLTada } from 'gql.tada';
import type { introspection } from '../../../schema/introspection.d.ts';

/** Parses a document. The types of its variables and answers follow from its text and the committed schema. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { ID: string; DateTime: string; SafeInt: number; JSON: unknown };
  disableMasking: true;
}>();
