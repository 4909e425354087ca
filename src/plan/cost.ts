import type { Route } from '../luaauth/endpoints.ts';
import { saturate } from './limits.ts';
import { objectOf, type ValuePlan } from './tree.ts';

/** A field's arguments as its resolver will see them. An invalid argument is undefined. */
export type Arguments = Readonly<Record<string, unknown>>;

interface Called {
  readonly route: Route;
}

/** The licence keys that the operator's table gives to a Discord id; none if the caller may not use the table. */
type KeysOf = (discordId: string) => readonly string[];

interface CountItems {
  (args: Arguments, keysOf: KeysOf): number;
  readonly slicedBy?: string;
  readonly most?: number;
}

/** The REST calls that resolving a field needs. */
export interface Cost {
  /** `the same again`: the field says whether another page follows, and calls the endpoint of the list above. */
  readonly endpoint: Route | ((args: Arguments) => Route) | 'the same again';
  /** Whether the call is made for each item of the field's list. */
  readonly each?: boolean;
  /** The highest number of items in this list, or in the lists below. */
  readonly items?: CountItems;
  /** How many of the items can be distinct, as equal items share a call. */
  readonly distinct?: (args: Arguments) => number;
  /** Fields that can be selected without the call. */
  readonly freeFields?: readonly string[];
  /** Whether a further call may be needed to learn if another page follows. */
  readonly isOpenEnded?: boolean;
  /** Whether all fields of one query share the call. */
  readonly perQuery?: boolean;
  /** Whether all fields of one object share the call. */
  readonly perObject?: boolean;
  /** Whether one call may answer for several objects. At best all of them share one, at worst each has its own. */
  readonly isBatched?: boolean;
  /** The call that an item of the field's list needs if more than `freeFields` is selected. */
  readonly item?: ItemCost;
}

interface ItemCost {
  readonly endpoint: Called;
  readonly freeFields: readonly string[];
  /** The fields that the list itself provides, such as `id`; by default all free fields. */
  readonly provides?: readonly string[];
}

type CostOptions = Omit<Cost, 'endpoint'>;

/** One call, `cost: getScript`, or more about the calls: `cost: { endpoint: getExecutions, items: () => 31 }`. */
export type FieldCost =
  | Called
  | (CostOptions & { readonly endpoint: Called | ((args: Arguments) => Called) | 'the same again' });

/** One call for each distinct item of a list argument. */
export function eachIn(argument: string): CostOptions {
  const listIn = ({ [argument]: list }: Arguments): readonly unknown[] => (Array.isArray(list) ? list : []);
  return { each: true, items: (args) => listIn(args).length, distinct: (args) => distinctIn(listIn(args)) };
}

const countsOfLists = new WeakMap<readonly unknown[], number>();

/**
 * How many of the items differ in what `keyOf` returns. A list in a variable may be an argument of thousands of fields, so each list is
 * counted once; it must not change, and `keyOf` must be the same for all calls with a list.
 */
export function distinctIn<Item>(
  list: readonly Item[],
  keyOf: (item: Item) => unknown = (item) => item,
): number {
  const known = countsOfLists.get(list);
  if (known !== undefined) return known;
  const keys = new Set<unknown>();
  for (const item of list) keys.add(keyOf(item));
  countsOfLists.set(list, keys.size);
  return keys.size;
}

/** One call for each licence key that the operator's table gives to the Discord id in an argument. */
export function eachKeyOf(argument: string): CostOptions {
  return { each: true, items: (args, keysOf) => keysOf(String(args[argument])).length };
}

/** The size of a page. The resolver refuses a size out of range; here such a size must not distort the sum. */
export function pageOf(argument: string, { most, byDefault }: { most: number; byDefault: number }) {
  const count = (args: Arguments) => {
    const size = args[argument] ?? byDefault;
    return typeof size === 'number' && size >= 1 ? Math.min(saturate(size), most) : 1;
  };
  return Object.assign(count, { slicedBy: argument, most });
}

/** A repetition of `sets` or `ends` changes nothing more; `ends` also takes away. Each call of `repeats` has an effect. */
export type Effect = 'sets' | 'ends' | 'repeats';

/** The field by which `_entities` finds objects of a type. Objects with the same value share their calls. */
export interface EntityKey {
  readonly field: string;
  /** Returns a valid value. `place` names the value in the error. @throws BAD_USER_INPUT */
  readonly check: (place: string, value: string) => string;
}

/** What prices and the executor read of a field or a type. It is in the `extensions` of the schema. */
export interface Annotations {
  readonly upstream?: Cost | undefined;
  /** The most values of a list of scalars. Each counts as an object of the answer. */
  readonly mostValues?: number | undefined;
  /** The effect of a mutation. Agents see it before they call the mutation. */
  readonly effect?: Effect | undefined;
  readonly entityKey?: EntityKey | undefined;
  readonly usesInfo?: boolean | undefined;
}

interface Annotated {
  readonly extensions: object;
}

export function annotationsOf({ extensions }: Annotated): Annotations {
  return extensions;
}

export function costOf(element: Annotated): Cost | undefined {
  return annotationsOf(element).upstream;
}

/** Whether the fields selected on a value, or on the items of a list, need no call: all are `freeFields` of the cost, or `__typename`. */
export function isFree({ freeFields }: Pick<Cost, 'freeFields'>, value: ValuePlan): boolean {
  const fields = objectOf(value)?.fields;
  if (!freeFields || !fields) return false;
  return fields.every(({ definition: { name } }) => name === '__typename' || freeFields.includes(name));
}

/** The extension for a cost. On an object type: the price of a reference in `_entities`. */
export function costing(cost: FieldCost | undefined): Annotations {
  if (cost === undefined) return {};
  if ('route' in cost) return { upstream: { endpoint: cost.route } };
  const { endpoint } = cost;
  if (endpoint === 'the same again') return { upstream: { ...cost, endpoint } };
  // An endpoint is a function too.
  const route = 'route' in endpoint ? endpoint.route : (args: Arguments) => endpoint(args).route;
  return { upstream: { ...cost, endpoint: route } };
}
