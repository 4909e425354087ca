import type { GraphQLSchema } from 'graphql';
import { createSchema as createPlainSchema } from '../schema/index.ts';
import * as features from './gateway-features.ts';

/**
 * The schema of a gateway with the installed features. `readOnly` leaves out the mutations, and every type that only
 * mutations use.
 */
export function createSchema(options: { readonly readOnly?: boolean } = {}): GraphQLSchema {
  return createPlainSchema({ ...features, ...options });
}
