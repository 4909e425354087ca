import type { GraphQLResolveInfo } from 'graphql';
import { objectsOf, selectsOnly, type ValuePlan } from './tree.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly value: ValuePlan;
}

/** Whether only fields with these names are selected on the objects of a type directly below the field. */
export function selectsOnlyBelow(info: GraphQLResolveInfo, typeName: string, names: readonly string[]) {
  // Only the gateway's own executor calls resolvers.
  return selectsOnly(objectsOf((info as PlannedInfo).value).get(typeName), names);
}
