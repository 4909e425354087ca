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
import { collectFields, type Scope } from '../execution/collect-fields.ts';
import { readArguments } from './arguments.ts';
import { addAllCalls, addCalls, type CallsByEndpoint, sumOf } from './calls-by-endpoint.ts';
import { type Arguments, type Cost, costOf } from './cost.ts';
import { countIntrospection, introspectionField } from './introspection.ts';
import { saturate } from './over-limit.ts';

type Sets = readonly SelectionSetNode[];

/** Where in the answer a selection stands. */
interface Place {
  /** How many objects there can be of it. */
  readonly times: number;
  /** How many of them can differ, so that what is selected on them is asked for by itself. */
  readonly distinct: number;
  /** How many items the next list below can have. */
  readonly items: number;
  /** What the nearest priced field above calls. */
  readonly endpoint: string;
  /** The fields of these objects that the list above has told already. */
  readonly told: readonly string[];
}

const NONE: readonly string[] = [];

/** The limits on form keep documents far below it. Without them, an operation of more fields is beyond any price. */
const MAX_FIELDS = 100_000;

/** An operation has too many fields to sum up their price. */
export class BeyondPrice extends Error {}

/** What an operation may come to at most: the calls that it takes, and the objects of its answer. */
export interface Price {
  readonly calls: CallsByEndpoint;
  objects: number;
}

/** @throws BeyondPrice */
export function priceOf(scope: Scope, root: GraphQLObjectType, operation: SelectionSetNode): Price {
  let fields = 0;
  /** What is tried first in the place of several calls of an endpoint. */
  const together = new Map<string, string>();

  function addObject(price: Price, type: GraphQLObjectType, sets: Sets, place: Place): void {
    const shared = new Set<string>();
    for (const nodes of collectFields(scope, type, sets).values()) {
      fields += 1;
      if (fields > MAX_FIELDS) throw new BeyondPrice();
      const { value: name } = (nodes[0] as FieldNode).name;
      const field = type.getFields()[name];
      const introspection = type === root ? introspectionField(name) : undefined;
      if (introspection) addObjects(price, countIntrospection(scope, introspection, nodes));
      else if (field?.name === '_entities') addEntities(price, field, nodes);
      else if (field) addField(price, field, nodes, place, shared);
    }
  }

  function addField(
    price: Price,
    field: AnyField,
    nodes: readonly FieldNode[],
    place: Place,
    shared: Set<string>,
  ): void {
    const cost = costOf(field);
    const args = cost && looksAtArguments(cost) ? argumentsOf(field, nodes) : {};
    const type = getNamedType(field.type);
    const sets = setsOf(nodes);
    const items = cost?.items?.(args) ?? place.items;
    const isList = isListType(getNullableType(field.type));
    const times = isList ? saturate(place.times * items) : place.times;
    const different = cost?.distinct?.(args) ?? items;
    const distinct = isList ? saturate(place.distinct * different) : place.distinct;
    const endpoint = cost ? endpointOf(cost, args, place) : place.endpoint;
    const isPaid = place.told.includes(field.name) || (cost?.isShared && shared.has(endpoint));
    if (cost && !isPaid && !isFree(cost, type, sets))
      addCalls(price.calls, endpoint, cost.each ? distinct : place.distinct);
    if (cost?.isShared) shared.add(endpoint);
    if (cost?.together) together.set(endpoint, cost.together);
    const { item } = cost ?? {};
    if (item && !selectsOnly(item.freeFields, type, sets)) addCalls(price.calls, item.endpoint, distinct);
    addType(price, type, sets, {
      times,
      distinct,
      items: isList ? 1 : items,
      endpoint,
      told: item?.freeFields ?? NONE,
    });
  }

  /** Of an interface or a union, what its most expensive type takes, and the most objects that one of them has. */
  function addType(price: Price, type: GraphQLNamedType, sets: Sets, place: Place): void {
    if (sets.length === 0) return;
    addObjects(price, place.times);
    if (isObjectType(type)) addObject(price, type, sets, place);
    if (!isAbstractType(type)) return;
    const prices = scope.schema.getPossibleTypes(type).map((possible) => {
      const one = nothing();
      addObject(one, possible, sets, place);
      return one;
    });
    addObjects(price, Math.max(0, ...prices.map(({ objects }) => objects)));
    const [most] = prices.map(({ calls }) => calls).sort((a, b) => sumOf(b) - sumOf(a));
    if (most) addAllCalls(price.calls, most);
  }

  /** Federation's field: each reference takes what stands in the extensions of its type, and is an object or an error. */
  function addEntities(price: Price, field: AnyField, nodes: readonly FieldNode[]): void {
    const { representations } = argumentsOf(field, nodes);
    if (!Array.isArray(representations)) return;
    addObjects(price, representations.length);
    for (const [name, times] of countTypes(representations)) {
      const type = scope.schema.getType(name);
      if (!isObjectType(type)) continue;
      const place = { times, distinct: times, items: 1, endpoint: '', told: NONE };
      const cost = costOf(type);
      const endpoint = cost ? endpointOf(cost, {}, place) : '';
      if (cost && !isFree(cost, type, setsOf(nodes))) addCalls(price.calls, endpoint, times);
      addObject(price, type, setsOf(nodes), { ...place, endpoint });
    }
  }

  function isFree({ freeFields, replacedBy }: Cost, type: GraphQLNamedType, sets: Sets): boolean {
    if (freeFields.length === 0 || !selectsOnly(freeFields, type, sets)) return false;
    return replacedBy.length === 0 || namesIn(type, sets).some((name) => replacedBy.includes(name));
  }

  function selectsOnly(free: readonly string[], type: GraphQLNamedType, sets: Sets): boolean {
    if (!isObjectType(type)) return false;
    return namesIn(type, sets).every((name) => name === '__typename' || free.includes(name));
  }

  function namesIn(type: GraphQLNamedType, sets: Sets): readonly string[] {
    if (!isObjectType(type)) return NONE;
    return [...collectFields(scope, type, sets).values()].map(([node]) => node?.name.value ?? '');
  }

  function argumentsOf(field: AnyField, nodes: readonly FieldNode[]): Arguments {
    return readArguments(field, nodes[0] as FieldNode, scope);
  }

  const total = nothing();
  addObject(total, root, [operation], { times: 1, distinct: 1, items: 1, endpoint: '', told: NONE });
  // In the worst case each two of them are tried together first, and in vain.
  for (const [endpoint, first] of together)
    addCalls(total.calls, first, Math.floor((total.calls.get(endpoint) ?? 0) / 2));
  return total;
}

function nothing(): Price {
  return { calls: new Map(), objects: 0 };
}

function addObjects(price: Price, count: number): void {
  price.objects = saturate(price.objects + count);
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
function countTypes(representations: readonly unknown[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const reference of representations) {
    const name = (reference as { __typename?: unknown } | null)?.__typename;
    if (typeof name === 'string') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
