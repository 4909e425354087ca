import type { GraphQLSchema } from 'graphql';
import { createSchema as createPlainSchema } from '../schema/index.ts';
import * as features from './gateway-features.ts';

interface Options {
  /** Leaves out the mutations, and every type that only mutations use. */
  readonly readOnly?: boolean;
  /** Whether the SDL for routers carries `@authenticated` and `@requiresScopes`. */
  readonly subgraphScopes?: boolean;
}

/** The schema of a gateway with the installed features. */
export function createSchema(options: Options = {}): GraphQLSchema {
  return createPlainSchema({ ...features, ...options });
}
