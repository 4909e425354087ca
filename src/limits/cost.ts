import { saturate } from './over-limit.ts';

/** A field's arguments as the resolver will see them. One that cannot be read is undefined. */
export type Arguments = Readonly<Record<string, unknown>>;

export type EndpointRoute = `${'GET' | 'POST'} /${string}`;

/** How many items there can be. */
export interface CountItems {
  (args: Arguments): number;
  /** The argument that says it, if it is a number. */
  readonly slicedBy?: string;
}

/** What it takes to resolve a field, in calls of the REST API. */
export interface Cost {
  /** The endpoint that is called. */
  readonly endpoint: EndpointRoute | ((args: Arguments) => EndpointRoute) | 'the same again';
  /** Whether it is called for each item of the field's list rather than once. */
  readonly each: boolean;
  /** How many items there can be in this list, or in the lists below. */
  readonly items: CountItems | undefined;
  /** How many of them can be distinct, where that is known: what is the same is asked for once. */
  readonly distinct: ((args: Arguments) => number) | undefined;
  /** Fields that can be selected without the call. */
  readonly freeFields: readonly string[];
  /** If there are any: the free fields of which one must be selected, as their own call is in the place of this one. */
  readonly replacedBy: readonly string[];
  /** Whether all fields of one object that call this endpoint share the call. */
  readonly isShared: boolean;
  /** What each item of the field's list takes in addition. */
  readonly item: ItemCost | undefined;
  /** The endpoint that is tried first where two or more calls of this one are wanted together: they are made if it fails. */
  readonly together: EndpointRoute | undefined;
}

/** What it takes to read an item of a list that is more than what the list tells of it. */
export interface ItemCost {
  readonly endpoint: EndpointRoute;
  /** What the list tells of an item. */
  readonly freeFields: readonly string[];
}

export type CostOptions = Partial<Omit<Cost, 'endpoint' | 'each'>>;

const NOTHING_SPECIAL = {
  items: undefined,
  distinct: undefined,
  freeFields: [],
  replacedBy: [],
  isShared: false,
  item: undefined,
  together: undefined,
} as const;

type Annotation = { readonly upstream: Cost };

/**
 * A field's `extensions` when it needs one call, whatever it gives: `extensions: costs('GET /scripts/:script_id')`.
 * On an object type: what it takes to read one by its reference in `_entities`.
 */
export function costs(
  endpoint: EndpointRoute | ((args: Arguments) => EndpointRoute),
  options: CostOptions = {},
): Annotation {
  return { upstream: { ...NOTHING_SPECIAL, ...options, endpoint, each: false } };
}

/** A list field's `extensions` when each item needs a call: one that is repeated needs no other. */
export function costsEach(
  endpoint: EndpointRoute,
  { items, distinct }: Length,
  options: CostOptions = {},
): Annotation {
  return { upstream: { ...NOTHING_SPECIAL, ...options, endpoint, each: true, items, distinct } };
}

/** A field's `extensions` when it may need one more call of the endpoint that the nearest field above it calls. */
export const costsTheSameAgain: Annotation = {
  upstream: { ...NOTHING_SPECIAL, endpoint: 'the same again', each: false },
};

interface Length {
  readonly items: CountItems;
  readonly distinct: CountItems;
}

/** As many items as the list in an argument has. */
export function lengthOf(argument: string): Length {
  const listIn = ({ [argument]: list }: Arguments): readonly unknown[] => (Array.isArray(list) ? list : []);
  return { items: (args) => listIn(args).length, distinct: (args) => new Set(listIn(args)).size };
}

/** As many items as a page can have. Out of range is the resolver's to refuse; here it must not distort the sum. */
export function pageOf(
  argument: string,
  { most, otherwise }: { most: number; otherwise: number },
): CountItems {
  const count = (args: Arguments) => {
    const size = args[argument] ?? otherwise;
    return typeof size === 'number' && size >= 1 ? Math.min(saturate(size), most) : 1;
  };
  return Object.assign(count, { slicedBy: argument });
}

/** The cost that stands in the extensions of a field or a type. */
export function costOf({ extensions }: { readonly extensions: object }): Cost | undefined {
  return (extensions as Partial<Annotation>).upstream;
}
