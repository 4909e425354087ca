import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isAbstractType,
  isListType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import { readArguments } from './arguments.ts';
import { collectFields, type Scope } from './collect.ts';
import { type Arguments, type Cost, costOf } from './cost.ts';
import { addCalls, addTally, sumOf, type Tally } from './tally.ts';

type Sets = readonly SelectionSetNode[];

/** Where in the answer a selection stands. */
interface Place {
  /** How many objects there can be of it. */
  readonly times: number;
  /** How many items the next list below can have. */
  readonly items: number;
  /** What the nearest priced field above calls. */
  readonly endpoint: string;
}

/** The limits on form keep documents far below it. Without them, an operation of more fields is beyond any price. */
const MAX_FIELDS = 100_000;

/** An operation has too many fields to sum up their price. */
export class BeyondPrice extends Error {}

/** The calls by endpoint that an operation takes at most. @throws BeyondPrice */
export function priceOf(scope: Scope, root: GraphQLObjectType, operation: SelectionSetNode): Tally {
  const total: Tally = new Map();
  let fields = 0;

  function addObject(tally: Tally, type: GraphQLObjectType, sets: Sets, place: Place): void {
    for (const nodes of collectFields(scope, type, sets).values()) {
      fields += 1;
      if (fields > MAX_FIELDS) throw new BeyondPrice();
      const field = type.getFields()[(nodes[0] as FieldNode).name.value];
      if (field?.name === '_entities') addEntities(tally, field, nodes);
      else if (field) addField(tally, field, nodes, place);
    }
  }

  function addField(tally: Tally, field: AnyField, nodes: readonly FieldNode[], place: Place): void {
    const cost = costOf(field);
    const args = cost && looksAtArguments(cost) ? argumentsOf(field, nodes) : {};
    const type = getNamedType(field.type);
    const sets = setsOf(nodes);
    const items = cost?.items?.(args) ?? place.items;
    const isList = isListType(getNullableType(field.type));
    const times = isList ? place.times * items : place.times;
    const endpoint = cost ? endpointOf(cost, args, place) : place.endpoint;
    if (cost && !isFree(cost, type, sets)) addCalls(tally, endpoint, cost.each ? times : place.times);
    addType(tally, type, sets, { times, items: isList ? 1 : items, endpoint });
  }

  /** Of an interface or a union, what its most expensive type takes. */
  function addType(tally: Tally, type: GraphQLNamedType, sets: Sets, place: Place): void {
    if (sets.length === 0) return;
    if (isObjectType(type)) addObject(tally, type, sets, place);
    if (!isAbstractType(type)) return;
    const tallies = scope.schema.getPossibleTypes(type).map((possible) => {
      const one: Tally = new Map();
      addObject(one, possible, sets, place);
      return one;
    });
    addTally(tally, tallies.sort((a, b) => sumOf(b) - sumOf(a))[0] ?? new Map());
  }

  /** Federation's field: each reference takes what stands in the extensions of its type. */
  function addEntities(tally: Tally, field: AnyField, nodes: readonly FieldNode[]): void {
    const { representations } = argumentsOf(field, nodes);
    for (const [name, times] of countTypes(representations)) {
      const type = scope.schema.getType(name);
      if (!isObjectType(type)) continue;
      const place = { times, items: 1, endpoint: '' };
      const cost = costOf(type);
      const endpoint = cost ? endpointOf(cost, {}, place) : '';
      if (cost) addCalls(tally, endpoint, times);
      addObject(tally, type, setsOf(nodes), { ...place, endpoint });
    }
  }

  function isFree({ freeFields }: Cost, type: GraphQLNamedType, sets: Sets): boolean {
    if (freeFields.length === 0 || !isObjectType(type)) return false;
    const names = [...collectFields(scope, type, sets).values()].map(([node]) => node?.name.value ?? '');
    return names.every((name) => name === '__typename' || freeFields.includes(name));
  }

  function argumentsOf(field: AnyField, nodes: readonly FieldNode[]): Arguments {
    return readArguments(field, nodes[0] as FieldNode, scope);
  }

  addObject(total, root, [operation], { times: 1, items: 1, endpoint: '' });
  return total;
}

type AnyField = GraphQLField<unknown, unknown>;

function setsOf(nodes: readonly FieldNode[]): Sets {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
}

function looksAtArguments({ endpoint, items }: Cost): boolean {
  return items !== undefined || typeof endpoint === 'function';
}

function endpointOf({ endpoint }: Cost, args: Arguments, above: Place): string {
  if (typeof endpoint === 'function') return endpoint(args);
  return endpoint === 'the same again' ? above.endpoint : endpoint;
}

/** How many references there are of each type. One that names no type reads nothing. */
function countTypes(representations: unknown): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (!Array.isArray(representations)) return counts;
  for (const reference of representations) {
    const name = (reference as { __typename?: unknown } | null)?.__typename;
    if (typeof name === 'string') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
