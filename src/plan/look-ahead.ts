import type { GraphQLResolveInfo } from 'graphql';
import { costOf } from './cost.ts';
import { objectOf, selectsOnly, type ValuePlan } from './tree.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly value: ValuePlan;
}

/** Whether only fields are selected that are free by the field's `cost`. The field needs `usesInfo`. */
export function selectsOnlyFree(info: GraphQLResolveInfo): boolean {
  // Only the gateway's own executor calls resolvers.
  const { value, parentType, fieldName } = info as PlannedInfo;
  const field = parentType.getFields()[fieldName];
  const { freeFields, item } = (field && costOf(field)) ?? {};
  return selectsOnly(objectOf(value), freeFields ?? item?.freeFields ?? []);
}
