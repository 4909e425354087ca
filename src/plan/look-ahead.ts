import type { GraphQLResolveInfo } from 'graphql';
import { type ObjectPlan, objectsOf, selectBelow, selectsOnly, type ValuePlan } from './select.ts';

export interface PlannedInfo extends GraphQLResolveInfo {
  readonly value: ValuePlan;
}

/** Plans by the nodes of a field that graphql-js executes. Each execution has its own list of nodes. */
const selected = new WeakMap<GraphQLResolveInfo['fieldNodes'], ValuePlan>();

/** The plan of the objects of a type directly below the field. */
export function selectedBelow(info: GraphQLResolveInfo, typeName: string): ObjectPlan | undefined {
  return objectsOf((info as Partial<PlannedInfo>).value ?? selectAgain(info)).get(typeName);
}

/** Whether only fields with these names are selected on the objects of a type directly below the field. */
export function selectsOnlyBelow(info: GraphQLResolveInfo, typeName: string, names: readonly string[]) {
  return selectsOnly(selectedBelow(info, typeName), names);
}

function selectAgain({
  schema,
  fragments,
  variableValues,
  returnType,
  fieldNodes,
}: GraphQLResolveInfo): ValuePlan {
  const known = selected.get(fieldNodes);
  if (known) return known;
  const value = selectBelow({ schema, fragments, variables: variableValues }, returnType, fieldNodes);
  selected.set(fieldNodes, value);
  return value;
}
