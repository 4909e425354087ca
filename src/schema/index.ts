import { GraphQLSchema, specifiedDirectives } from 'graphql';
import { builder } from './builder.ts';
import { fetchable } from './fetchable.ts';
import { registerGatewayPlugin } from './gateway-plugin.ts';
import { hidePlumbing } from './hide-plumbing.ts';
import { useOwnScalars } from './scalars.ts';
import './script.ts';
import './execution.ts';
import './ad-system.ts';
import './session-connection.ts';
import './rate-limit.ts';
import './status.ts';

interface SchemaOptions {
  /** Leaves out the mutations, and every type that only mutations use. */
  readonly readOnly?: boolean;
  /** The feature that defines the subscriptions. Without it the schema has no subscription. */
  readonly live?: object | undefined;
  readonly federation?:
    | { withFederation(schema: GraphQLSchema, showsScopes: boolean): GraphQLSchema }
    | undefined;
  /** Whether the SDL for routers says which scopes a field needs. */
  readonly subgraphScopes?: boolean;
}

const built = new Map<string, GraphQLSchema>();

/** A schema holds no state of a gateway and takes a tenth of a second to build, so all gateways of a process share it. */
export function createSchema(options: SchemaOptions = {}): GraphQLSchema {
  const { readOnly = false, live, federation, subgraphScopes = false } = options;
  const key = [readOnly, subgraphScopes, live !== undefined, federation !== undefined].join();
  const schema = built.get(key) ?? build(options);
  built.set(key, schema);
  return schema;
}

function build({ readOnly = false, live, federation, subgraphScopes = false }: SchemaOptions): GraphQLSchema {
  registerGatewayPlugin();
  const all = builder.toSchema({ directives: [...specifiedDirectives, fetchable] });
  const config = all.toConfig();
  const { mutation, subscription } = config;
  const roots = { mutation: readOnly ? undefined : mutation, subscription: live ? subscription : undefined };
  const hasAllRoots = roots.mutation === mutation && roots.subscription === subscription;
  const own = hasAllRoots ? all : new GraphQLSchema({ ...config, ...roots, types: [] });
  useOwnScalars(own);
  return hidePlumbing(federation?.withFederation(own, subgraphScopes) ?? own);
}
