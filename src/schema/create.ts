import { printSubgraphSchema } from '@apollo/subgraph';
import { GraphQLSchema, specifiedDirectives } from 'graphql';
import { builder } from './builder.ts';
import { withOwnScalars } from './built-in-scalars.ts';
import { withDemandControl } from './demand-control.ts';
import { completeFederation } from './federation.ts';
import { fetchable } from './fetchable.ts';
import { withScopeDescriptions } from './scope-descriptions.ts';
import { withWriteRecords } from './write-records.ts';

/** The latest version of federation that the composers of Apollo, The Guild and Cosmo all know. */
const FEDERATION = 'https://specs.apollo.dev/federation/v2.9';

/** Builds the subgraph schema. `readOnly` leaves the mutations out, and every type that only they use. */
export function createSchema({ readOnly = false } = {}): GraphQLSchema {
  const built = builder.toSubGraphSchema({
    linkUrl: FEDERATION,
    directives: [...specifiedDirectives, fetchable],
  });
  const schema = withWriteRecords(withScopeDescriptions(withOwnScalars(built)));
  const served = readOnly
    ? new GraphQLSchema({ ...schema.toConfig(), mutation: undefined, types: [] })
    : schema;
  return completeFederation(served, () => withDemandControl(printSubgraphSchema(served), served));
}
