import type { Route } from '../luaauth/endpoints.ts';
import { saturate } from './limits.ts';

/** A field's arguments as the resolver will see them. One that cannot be read is undefined. */
export type Arguments = Readonly<Record<string, unknown>>;

interface Called {
  readonly route: Route;
}

interface CountItems {
  (args: Arguments): number;
  /** The argument that says it, if it is a number. */
  readonly slicedBy?: string;
  /** The most items that this argument may ask for. */
  readonly most?: number;
}

/** The calls of the REST API that it takes to resolve a field. */
export interface Cost {
  readonly endpoint: Route | ((args: Arguments) => Route) | 'the same again';
  /** Whether it is called for each item of the field's list rather than once. */
  readonly each?: boolean;
  /** How many items there can be in this list, or in the lists below. */
  readonly items?: CountItems;
  /** How many of them can be distinct, where that is known: what is the same is asked for once. */
  readonly distinct?: (args: Arguments) => number;
  /** Fields that can be selected without the call. */
  readonly freeFields?: readonly string[];
  /** If there are any: the free fields of which one must be selected, as their own call is in the place of this one. */
  readonly providedBy?: readonly string[];
  /** Whether a page does not say if another follows, so that it may take one more call to know. */
  readonly isOpenEnded?: boolean;
  /** Whether all fields of one query that call this endpoint share the call. */
  readonly isOnce?: boolean;
  /** Whether all fields of one object that call this endpoint share the call. */
  readonly isShared?: boolean;
  /** The calls that each item of the field's list takes in addition. */
  readonly item?: ItemCost;
  /** The endpoint that is tried first where two or more calls of this one are wanted: they are made if it fails. */
  readonly batchedBy?: Called;
}

/** The call for an item of a list where more is selected than the list provides. */
interface ItemCost {
  readonly endpoint: Called;
  /** The fields of an item that need no call. */
  readonly freeFields: readonly string[];
  /** The fields that the list itself provides, such as `id`; all that are free by default. */
  readonly provides?: readonly string[];
}

export type CostOptions = Omit<Cost, 'endpoint'>;

type Annotation = { readonly upstream: Cost };

/**
 * A field's `extensions` when it needs one call, whatever it gives: `extensions: costs(getScript)`. On an object type: what
 * it takes to read one by its reference in `_entities`.
 */
export function costs({ route }: Called, options: CostOptions = {}): Annotation {
  return { upstream: { ...options, endpoint: route } };
}

/** The same for a field whose arguments decide which endpoint is called. */
export function costsOneOf(choose: (args: Arguments) => Called, options: CostOptions = {}): Annotation {
  return { upstream: { ...options, endpoint: (args) => choose(args).route } };
}

/** The `extensions` of what says whether another page follows: it is the list above that says what this may take. */
export const costsTheSameAgain: Annotation = { upstream: { endpoint: 'the same again' } };

/** A call for each item of the list in an argument: one that is repeated needs no other. */
export function eachIn(argument: string): CostOptions {
  const listIn = ({ [argument]: list }: Arguments): readonly unknown[] => (Array.isArray(list) ? list : []);
  return {
    each: true,
    items: (args) => listIn(args).length,
    distinct: (args) => new Set(listIn(args)).size,
  };
}

/** As many items as a page can have. Out of range is the resolver's to refuse; here it must not distort the sum. */
export function pageOf(argument: string, { most, byDefault }: { most: number; byDefault: number }) {
  const count = (args: Arguments) => {
    const size = args[argument] ?? byDefault;
    return typeof size === 'number' && size >= 1 ? Math.min(saturate(size), most) : 1;
  };
  return Object.assign(count, { slicedBy: argument, most });
}

/** The cost that stands in the extensions of a field or a type. */
export function costOf({ extensions }: { readonly extensions: object }): Cost | undefined {
  return (extensions as Partial<Annotation>).upstream;
}

/**
 * The ways in which a write changes what there is: it `sets` a state, so that a second time changes nothing more; `ends`
 * something, or shuts a user out, likewise once; or `repeats`, each time again.
 */
export type Effect = 'sets' | 'ends' | 'repeats';

/** A mutation's `extensions`: agents see it before they call it. */
export function hasEffect(effect: Effect): { readonly effect: Effect } {
  return { effect };
}

/** The effect in the extensions of a field; undefined: it is no mutation. */
export function effectOf({ extensions }: { readonly extensions: object }): Effect | undefined {
  return (extensions as { readonly effect?: Effect }).effect;
}
