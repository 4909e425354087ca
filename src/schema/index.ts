import { GraphQLSchema, specifiedDirectives } from 'graphql';
import { withFederation } from '../features/federation/federation.ts';
import { describeScopes, printSubgraph } from '../features/federation/subgraph-sdl.ts';
import { builder } from './builder.ts';
import { fetchable } from './entity.ts';
import { useOwnScalars } from './scalars.ts';
import './script.ts';
import './execution.ts';
import './ad-system.ts';
import './session-connection.ts';
import '../features/live/script-sessions.ts';
import './rate-limit.ts';

const built = new Map<boolean, GraphQLSchema>();

/**
 * The subgraph schema. `readOnly` leaves the mutations out, and every type that only they use. It holds nothing of a gateway,
 * and takes a tenth of a second to build, so all gateways of a process share it.
 */
export function createSchema({ readOnly = false } = {}): GraphQLSchema {
  const schema = built.get(readOnly) ?? build(readOnly);
  built.set(readOnly, schema);
  return schema;
}

function build(readOnly: boolean): GraphQLSchema {
  const all = builder.toSchema({ directives: [...specifiedDirectives, fetchable] });
  const own = readOnly ? new GraphQLSchema({ ...all.toConfig(), mutation: undefined, types: [] }) : all;
  useOwnScalars(own);
  describeScopes(own);
  return withFederation(own, () => printSubgraph(own));
}
