import type { GraphQLResolveInfo } from 'graphql';
import { selectBelow } from './select.ts';
import { type ObjectPlan, objectsOf, selectsOnly, type ValuePlan } from './tree.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly value: ValuePlan;
}

/** The plan of the objects of a type directly below the field. */
export function selectedBelow(info: GraphQLResolveInfo, typeName: string): ObjectPlan | undefined {
  return objectsOf((info as Partial<PlannedInfo>).value ?? selectAgain(info)).get(typeName);
}

/** Whether only fields with these names are selected on the objects of a type directly below the field. */
export function selectsOnlyBelow(info: GraphQLResolveInfo, typeName: string, names: readonly string[]) {
  return selectsOnly(selectedBelow(info, typeName), names);
}

/** For a resolver that graphql-js calls: a gateway can be given its `execute`. */
function selectAgain({ schema, fragments, variableValues, returnType, fieldNodes }: GraphQLResolveInfo) {
  return selectBelow({ schema, fragments, variables: variableValues }, returnType, fieldNodes);
}
