import { saturate } from './over-limit.ts';

/** A field's arguments as the resolver will see them. One that cannot be read is undefined. */
export type Arguments = Readonly<Record<string, unknown>>;

export type EndpointRoute = `${'GET' | 'POST'} /${string}`;

/** What it takes to resolve a field, in calls of the REST API. */
export interface Cost {
  /** The endpoint that is called. */
  readonly endpoint: EndpointRoute | ((args: Arguments) => EndpointRoute) | 'the same again';
  /** Whether it is called for each item of the field's list rather than once. */
  readonly each: boolean;
  /** How many items there can be in this list, or in the lists below. */
  readonly items: ((args: Arguments) => number) | undefined;
  /** Fields that can be selected without the call. */
  readonly freeFields: readonly string[];
}

export interface CostOptions {
  readonly items?: (args: Arguments) => number;
  readonly freeFields?: readonly string[];
}

type Annotation = { readonly upstream: Cost };

/**
 * A field's `extensions` when it needs one call, whatever it gives: `extensions: costs('GET /scripts/:script_id')`.
 * On an object type: what it takes to read one by its reference in `_entities`.
 */
export function costs(
  endpoint: EndpointRoute | ((args: Arguments) => EndpointRoute),
  { items, freeFields = [] }: CostOptions = {},
): Annotation {
  return { upstream: { endpoint, each: false, items, freeFields } };
}

/** A list field's `extensions` when each item needs a call. */
export function costsEach(endpoint: EndpointRoute, items: (args: Arguments) => number): Annotation {
  return { upstream: { endpoint, each: true, items, freeFields: [] } };
}

/** A field's `extensions` when it may need one more call of the endpoint that the nearest field above it calls. */
export const costsTheSameAgain: Annotation = {
  upstream: { endpoint: 'the same again', each: false, items: undefined, freeFields: [] },
};

/** As many items as the list in an argument has. */
export function lengthOf(argument: string): (args: Arguments) => number {
  return (args) => (Array.isArray(args[argument]) ? args[argument].length : 0);
}

/** As many items as a page can have. Out of range is the resolver's to refuse; here it must not distort the sum. */
export function pageOf(
  argument: string,
  { most, otherwise }: { most: number; otherwise: number },
): (args: Arguments) => number {
  return (args) => {
    const size = args[argument] ?? otherwise;
    return typeof size === 'number' && size >= 1 ? Math.min(saturate(size), most) : 1;
  };
}

/** The cost that stands in the extensions of a field or a type. */
export function costOf({ extensions }: { readonly extensions: object }): Cost | undefined {
  return (extensions as Partial<Annotation>).upstream;
}
