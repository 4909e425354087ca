import { type GraphQLSchema, SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql';
import type { UserTable } from '../callers/user-table.ts';
import { type Arguments, annotationsOf, type Cost, costOf, distinctIn, isFree } from './cost.ts';
import { saturate } from './limits.ts';
import { type FieldPlan, type ObjectPlan, objectsOf, type Selection, type ValuePlan } from './tree.ts';
import type { CoercedVariables } from './variables.ts';

/** The most that an operation may cost: every id distinct, every page full, nothing shared. */
export interface Price {
  readonly calls: number;
  /** How many of the calls are saved if batches answer for as many objects as they can. */
  readonly saves: number;
  readonly objects: number;
  readonly endpoints: readonly { readonly endpoint: string; readonly calls: number }[];
  /** Whether the price depends only on what is selected, not on variables or on the operator's table of users. */
  readonly isStatic: boolean;
}

/** What the price of a selection depends on: the lists around it. */
interface ListsAbove {
  readonly times: number;
  /** How many objects may differ; equal objects share their calls. */
  readonly distinct: number;
  /** How many items the next list below may have. */
  readonly items: number;
  /** The endpoint that tells whether the nearest enclosing list has another page. */
  readonly nextPage: string | undefined;
  /** Fields that the list above has already provided. */
  readonly provided: readonly string[];
}

/** In objects. If aliases multiply them, execution counts the objects and refuses the answer. */
const OBJECTS_OF_SCHEMA = 1_500;
const OBJECTS_OF_TYPE = 100;

const NONE: readonly string[] = [];

type CallsByEndpoint = Map<string, number>;

interface Sum {
  readonly calls: CallsByEndpoint;
  objects: number;
}

/** @param users - the table, if the caller may use it */
export function priceOf(
  schema: GraphQLSchema,
  { root }: Selection,
  variables: CoercedVariables,
  users: UserTable | undefined,
): Price {
  let isStatic = true;
  const keysOf = (discordId: string) => {
    // The table may change, and not every caller may use it.
    isStatic = false;
    return users?.get(discordId) ?? NONE;
  };
  /** Endpoints that a query calls at most once. After each write they are called again. */
  const once = new Set<string>();
  /** Endpoints of which one batch can replace all calls of a query. */
  const batched = new Set<string>();
  /** Many fields may have the same list of references. */
  const grouped = new Map<readonly unknown[], ReferencesByType>();

  function addObject(sum: Sum, { fields }: ObjectPlan, place: ListsAbove): void {
    const shared = new Set<string>();
    for (const field of fields) {
      const { definition } = field;
      if (definition === SchemaMetaFieldDef) addObjects(sum, OBJECTS_OF_SCHEMA);
      else if (definition === TypeMetaFieldDef) addObjects(sum, OBJECTS_OF_TYPE);
      else if (definition.name === '_entities') addEntities(sum, field);
      else addField(sum, field, place, shared);
    }
  }

  function addField(sum: Sum, field: FieldPlan, place: ListsAbove, shared: Set<string>): void {
    const { definition, value } = field;
    const cost = costOf(definition);
    const args = cost?.items || typeof cost?.endpoint === 'function' ? argumentsOf(field) : {};
    const items = cost?.items?.(args, keysOf) ?? place.items;
    const isList = value.kind === 'list';
    const times = isList ? saturate(place.times * items) : place.times;
    const different = cost?.distinct?.(args) ?? items;
    const distinct = isList ? saturate(place.distinct * different) : place.distinct;
    const endpoint = cost && endpointOf(cost, args, place);
    if (cost && endpoint !== undefined) {
      const isPaid = place.provided.includes(definition.name) || (cost.perObject && shared.has(endpoint));
      if (!isPaid && !isFree(cost, value))
        addCalls(sum.calls, endpoint, cost.each ? distinct : place.distinct);
      if (cost.perQuery) once.add(endpoint);
      if (cost.isBatched) batched.add(endpoint);
      if (cost.perObject) shared.add(endpoint);
    }
    const { item } = cost ?? {};
    if (item && !isFree(item, value)) addCalls(sum.calls, item.endpoint.route, distinct);
    addObjects(sum, place.times * (annotationsOf(definition).mostValues ?? 0));
    addValue(sum, value, {
      times,
      distinct,
      items: isList ? 1 : items,
      nextPage: cost ? (cost.isOpenEnded ? endpoint : undefined) : place.nextPage,
      provided: item?.provides ?? item?.freeFields ?? NONE,
    });
  }

  /** An interface or a union costs the calls of its most expensive type and the objects of its largest type. */
  function addValue(sum: Sum, value: ValuePlan, place: ListsAbove): void {
    const [only, ...others] = objectsOf(value).values();
    if (!only) return;
    addObjects(sum, place.times);
    if (others.length === 0) {
      addObject(sum, only, place);
      return;
    }
    const sums = [only, ...others].map((object) => {
      const ofType = nothing();
      addObject(ofType, object, place);
      return ofType;
    });
    addObjects(sum, Math.max(...sums.map(({ objects }) => objects)));
    const [most] = sums.map(({ calls }) => calls).sort((a, b) => sumOf(b) - sumOf(a));
    for (const [endpoint, count] of most ?? []) addCalls(sum.calls, endpoint, count);
  }

  /** Federation's field: each reference costs what its type says, and is an object or an error. */
  function addEntities(sum: Sum, field: FieldPlan): void {
    const { representations } = argumentsOf(field);
    if (!Array.isArray(representations)) return;
    addObjects(sum, representations.length);
    const byType = grouped.get(representations) ?? groupByType(representations);
    grouped.set(representations, byType);
    for (const [name, references] of byType) {
      const object = objectsOf(field.value).get(name);
      if (!object) continue;
      const times = references.length;
      const { upstream: cost, entityKey } = annotationsOf(object.type);
      const distinct = distinctIn(references, (reference) =>
        entityKey ? reference[entityKey.field] : reference,
      );
      const place = { times, distinct, items: 1, nextPage: undefined, provided: NONE };
      const endpoint = cost && endpointOf(cost, {}, place);
      if (cost && endpoint !== undefined) addCalls(sum.calls, endpoint, distinct);
      addObject(sum, object, place);
    }
  }

  /** Unlike execution it never throws: invalid arguments count as none. */
  function argumentsOf({ usesVariables, readArguments }: FieldPlan): Arguments {
    // A price that used no variables can be kept.
    if (usesVariables) isStatic = false;
    try {
      return readArguments(variables);
    } catch {
      return {};
    }
  }

  const total = nothing();
  addObject(total, root, { times: 1, distinct: 1, items: 1, nextPage: undefined, provided: NONE });
  let saves = 0;
  if (root.type !== schema.getMutationType()) {
    for (const endpoint of once) if (total.calls.has(endpoint)) total.calls.set(endpoint, 1);
    for (const endpoint of batched) saves += (total.calls.get(endpoint) ?? 1) - 1;
  }
  const endpoints = [...total.calls].map(([endpoint, calls]) => ({ endpoint, calls }));
  endpoints.sort((a, b) => b.calls - a.calls);
  return { calls: sumOf(total.calls), saves, objects: total.objects, endpoints, isStatic };
}

function nothing(): Sum {
  return { calls: new Map(), objects: 0 };
}

function addObjects(sum: Sum, count: number): void {
  sum.objects = saturate(sum.objects + count);
}

function addCalls(calls: CallsByEndpoint, endpoint: string, count: number): void {
  if (count === 0) return;
  calls.set(endpoint, saturate((calls.get(endpoint) ?? 0) + count));
}

function sumOf(calls: CallsByEndpoint): number {
  let sum = 0;
  for (const count of calls.values()) sum += count;
  return saturate(sum);
}

function endpointOf({ endpoint }: Cost, args: Arguments, above: ListsAbove): string | undefined {
  if (typeof endpoint === 'function') return endpoint(args);
  return endpoint === 'the same again' ? above.nextPage : endpoint;
}

type Reference = Readonly<Record<string, unknown>>;
type ReferencesByType = ReadonlyMap<string, readonly Reference[]>;

/** Groups references by type. A reference without a type reads nothing. */
function groupByType(representations: readonly unknown[]): ReferencesByType {
  const types = new Map<string, Reference[]>();
  for (const reference of representations) {
    const name = (reference as Reference | null)?.__typename;
    if (typeof name !== 'string') continue;
    const known = types.get(name);
    if (known) known.push(reference as Reference);
    else types.set(name, [reference as Reference]);
  }
  return types;
}
