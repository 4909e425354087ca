import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/failure.ts';
import { isObject } from './envelope.ts';
import { isId } from './id.ts';

/** Gives what a wire value stands for, or undefined when it is not of the documented type. */
export type Check<T> = (value: unknown) => T | undefined;

export const text: Check<string> = (value) => (typeof value === 'string' ? value : undefined);

/** An id that stands in the path of further calls. */
export const id: Check<string> = (value) => (isId(value) ? value : undefined);

export const flag: Check<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** A count that a JSON number carries exactly: a whole number from 0 to 2^53 - 1; 16 digits arrive as a string. */
export const count: Check<number> = (value) => {
  const number = typeof value === 'string' && /^\d{16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

/** An integer id with its exact digits. Past 15 digits `parseJson` has kept them as a string. */
export const digits: Check<string | number> = (value) => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,64}$/.test(value) ? value : undefined;
};

/** The most milliseconds on either side of 1970 that a Date can hold. */
const MAX_TIME_MS = 8.64e15;

/** Unix time in milliseconds. */
export const instant: Check<number> = (value) =>
  typeof value === 'number' && Math.abs(value) <= MAX_TIME_MS ? value : undefined;

/** Wraps a check for a field that may be missing or null. */
export function optional<T>(check: Check<T>): Check<T | null> {
  return (value) => (value === undefined || value === null ? null : check(value));
}

/** The checks of a wire object's fields, by their names. */
export type Checks<Shape> = { readonly [Key in keyof Shape]: Check<Shape[Key]> };

/**
 * Makes a reader of wire objects that goes field by field; fields that `checks` does not name are ignored. A field that is
 * missing or of another type than documented does not spoil its neighbours: its property holds the BadResponse that says
 * so, which GraphQL raises at that field, if it is selected. The reader
 * @throws BadResponse when it is given no object at all.
 */
export function objectReader<Shape extends object>(
  name: string,
  checks: Checks<Shape>,
): (about: About, value: unknown) => Shape {
  const keys = Object.keys(checks) as (keyof Shape & string)[];
  // An object with all of the keys, to begin with: it is copied faster, and into less memory, than made key by key.
  const blank = Object.fromEntries(keys.map((key) => [key, undefined]));
  return (about, value) => {
    if (!isObject(value)) throw new BadResponse(about, `it has no ${name}`);
    const result = { ...blank } as Shape;
    for (const key of keys) {
      const read = checks[key](value[key]);
      result[key] = read === undefined ? (unusable(about, name, key) as never) : read;
    }
    return result;
  };
}

/** A property of what an `objectReader` gave. @throws the BadResponse that stands in its place. */
export function usable<T>(property: T): T {
  if (property instanceof Error) throw property;
  return property;
}

function unusable(about: About, name: string, key: string): BadResponse {
  return new BadResponse(about, `its ${name} has no usable "${key}"`);
}

/** Reads a list, each row by itself. */
export function readList<Row>(
  about: About,
  name: string,
  value: unknown,
  readRow: (row: unknown) => Row,
): Row[] {
  if (!Array.isArray(value)) throw new BadResponse(about, `it has no list of ${name}`);
  return value.map(readRow);
}
