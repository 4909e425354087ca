import type { Route } from '../luaauth/endpoints.ts';
import { saturate } from './limits.ts';

/** A field's arguments as its resolver will see them. An invalid argument is undefined. */
export type Arguments = Readonly<Record<string, unknown>>;

interface Called {
  readonly route: Route;
}

interface CountItems {
  (args: Arguments): number;
  readonly slicedBy?: string;
  readonly most?: number;
}

/** The REST calls that resolving a field needs. */
export interface Cost {
  readonly endpoint: Route | ((args: Arguments) => Route) | 'the same again';
  /** Whether the call is made for each item of the field's list. */
  readonly each?: boolean;
  /** The highest number of items in this list, or in the lists below. */
  readonly items?: CountItems;
  /** How many of the items can be distinct, as equal items share a call. */
  readonly distinct?: (args: Arguments) => number;
  /** Fields that can be selected without the call. */
  readonly freeFields?: readonly string[];
  /** If given, the free fields are free only if one of these is selected: its own call replaces this call. */
  readonly providedBy?: readonly string[];
  /** Whether a further call may be needed to learn if another page follows. */
  readonly isOpenEnded?: boolean;
  /** Whether all fields of one query share the call. */
  readonly perQuery?: boolean;
  /** Whether all fields of one object share the call. */
  readonly perObject?: boolean;
  /** The call that an item of the field's list needs if more than `freeFields` is selected. */
  readonly item?: ItemCost;
  /** The endpoint that is tried first for two or more of these calls. If it fails they are made as well. */
  readonly batchedBy?: Called;
}

interface ItemCost {
  readonly endpoint: Called;
  readonly freeFields: readonly string[];
  /** The fields that the list itself provides, such as `id`; by default all free fields. */
  readonly provides?: readonly string[];
}

export type CostOptions = Omit<Cost, 'endpoint'>;

type Annotation = { readonly upstream: Cost };

/** `extensions: costs(getScript)`. On an object type: the price of a reference in `_entities`. */
export function costs({ route }: Called, options: CostOptions = {}): Annotation {
  return { upstream: { ...options, endpoint: route } };
}

/** Like `costs`, for a field whose arguments decide which endpoint is called. */
export function costsOneOf(choose: (args: Arguments) => Called, options: CostOptions = {}): Annotation {
  return { upstream: { ...options, endpoint: (args) => choose(args).route } };
}

/** The `extensions` of a field that says whether another page follows. Its call is the call of the list above. */
export const costsTheSameAgain: Annotation = { upstream: { endpoint: 'the same again' } };

/** One call for each distinct item of a list argument. */
export function eachIn(argument: string): CostOptions {
  const listIn = ({ [argument]: list }: Arguments): readonly unknown[] => (Array.isArray(list) ? list : []);
  return { each: true, items: (args) => listIn(args).length, distinct: (args) => new Set(listIn(args)).size };
}

/** The size of a page. The resolver refuses a size out of range; here such a size must not distort the sum. */
export function pageOf(argument: string, { most, byDefault }: { most: number; byDefault: number }) {
  const count = (args: Arguments) => {
    const size = args[argument] ?? byDefault;
    return typeof size === 'number' && size >= 1 ? Math.min(saturate(size), most) : 1;
  };
  return Object.assign(count, { slicedBy: argument, most });
}

export function costOf({ extensions }: { readonly extensions: object }): Cost | undefined {
  return (extensions as Partial<Annotation>).upstream;
}

/** The `extensions` of a list of scalars that makes no call. Each of its values counts as an object of the answer. */
export function holdsAtMost(values: number): { readonly mostValues: number } {
  return { mostValues: values };
}

export function mostValuesOf({ extensions }: { readonly extensions: object }): number {
  return (extensions as { readonly mostValues?: number }).mostValues ?? 0;
}

/** A repetition of `sets` or `ends` changes nothing more; `ends` also takes away. Each call of `repeats` has an effect. */
export type Effect = 'sets' | 'ends' | 'repeats';

/** A mutation's `extensions`. Agents see the effect before they call it. */
export function hasEffect(effect: Effect): { readonly effect: Effect } {
  return { effect };
}

export function effectOf({ extensions }: { readonly extensions: object }): Effect | undefined {
  return (extensions as { readonly effect?: Effect }).effect;
}
