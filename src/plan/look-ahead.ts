import type { GraphQLResolveInfo } from 'graphql';
import { type ObjectPlan, objectsOf, selectsOnly, type ValuePlan } from './tree.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly value: ValuePlan;
}

/** The plan of the objects of a type directly below the field. */
export function selectedBelow(info: GraphQLResolveInfo, typeName: string): ObjectPlan | undefined {
  // Only the gateway's own executor calls resolvers.
  return objectsOf((info as PlannedInfo).value).get(typeName);
}

/** Whether only fields with these names are selected on the objects of a type directly below the field. */
export function selectsOnlyBelow(info: GraphQLResolveInfo, typeName: string, names: readonly string[]) {
  return selectsOnly(selectedBelow(info, typeName), names);
}
