import type { GraphQLResolveInfo } from 'graphql';
import { costOf, isFree } from './cost.ts';
import type { FieldPlan } from './tree.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly field: FieldPlan;
}

/** Whether only fields are selected that are free by the field's `cost`. The field needs `usesInfo`. */
export function selectsOnlyFree(info: GraphQLResolveInfo): boolean {
  // Only the gateway's own executor calls resolvers.
  const { definition, value } = (info as PlannedInfo).field;
  const cost = costOf(definition);
  return cost !== undefined && isFree(cost.item ?? cost, value);
}
