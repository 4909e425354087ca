import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { isObject } from './envelope.ts';

/** The allowed form of an id, in words for error messages. */
export const ID_FORM = '1 to 128 letters, digits or any of _ - . ~ :, and not dots alone';

const ID = /^(?!\.+$)[\w.~:-]{1,128}$/;
/** The same as a regular expression, for those who check before they ask. */
export const ID_PATTERN = ID.source;

/**
 * Whether a value can be the id of a script, session, project or job in a path. The API does not document its ids;
 * this grammar keeps out whatever could leave its path segment. `encodeURIComponent` alone does not: it lets `.` and
 * `..` through, and a URL parser folds them.
 */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** Gives what a wire value stands for, or undefined when it is not of the documented type. */
export type Check<T> = (value: unknown) => T | undefined;

export const text: Check<string> = (value) => (typeof value === 'string' ? value : undefined);

/** An id that stands in the path of further calls. */
export const id: Check<string> = (value) => (isId(value) ? value : undefined);

export const boolean: Check<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** A count that a JSON number carries exactly: a whole number from 0 to 2^53 - 1; 16 digits arrive as a string. */
export const count: Check<number> = (value) => {
  const number = typeof value === 'string' && /^\d{16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

/** An integer id with its exact digits. Past 15 digits `parseJson` has kept them as a string. */
export const bigIntegerId: Check<string | number> = (value) => {
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

/** The same for a field in which the empty string stands for nothing: that is what clears one. */
export function emptyAsNone<T>(check: Check<T>): Check<T | null> {
  const orNone = optional(check);
  return (value) => (value === '' ? null : orNone(value));
}

export const textOrNone: Check<string | null> = emptyAsNone(text);

/** The checks of a wire object's fields, by their names. */
export type Checks<Wire> = { readonly [Key in keyof Wire]-?: Check<unknown> };

/** Where a decoded object comes from, for the error that says what it lacks. */
export interface Provenance {
  /** Its kind, such as `script`. */
  readonly object: string;
  readonly from: About;
}

/**
 * A decoded object is plain JSON data. A property that is missing in the answer or of another type than documented is
 * undefined: it does not spoil its neighbours, and costs nothing until somebody asks for it by `usable`.
 */
export type Decoded<Shape> = { [Key in keyof Shape]: Shape[Key] | undefined } & Provenance;

/** Makes a decoder, which goes field by field; what `checks` does not name is ignored. @throws BadResponse for no object. */
export function objectDecoder<Shape extends object>(
  object: string,
  checks: { readonly [Key in keyof Shape]: Check<Shape[Key]> },
): (about: About, value: unknown) => Decoded<Shape> {
  const keys = Object.keys(checks) as (keyof Shape & string)[];
  // An object with all of the keys, to begin with: it is copied faster, and into less memory, than made key by key.
  const template = { ...Object.fromEntries(keys.map((key) => [key, undefined])), object, from: undefined };
  return (about, value) => {
    if (!isObject(value)) throw new BadResponse(about, `it has no ${object}`);
    const decoded = { ...template, from: about } as Decoded<Shape>;
    for (const key of keys) decoded[key] = checks[key](value[key]) as Decoded<Shape>[typeof key];
    return decoded;
  };
}

/** A property of a decoded object. @throws BadResponse when the answer has none that can be used. */
export function usable<Shape extends Provenance, Key extends keyof Shape & string>(
  decoded: Shape,
  key: Key,
): Exclude<Shape[Key], undefined> {
  const value = decoded[key];
  if (value === undefined) {
    throw new BadResponse(decoded.from, `its ${decoded.object} has no usable "${key}"`);
  }
  return value as Exclude<Shape[Key], undefined>;
}

/** Decodes a list, each row by itself. @throws BadResponse for no list, and for more rows than were asked for. */
export function decodeList<Row>(
  about: About,
  name: string,
  value: unknown,
  most: number,
  decodeRow: (about: About, row: unknown) => Row,
): Row[] {
  if (!Array.isArray(value)) throw new BadResponse(about, `it has no list of ${name}`);
  if (value.length > most) throw new BadResponse(about, `it has more ${name} than were asked for`);
  return value.map((row) => decodeRow(about, row));
}

/** Decodes one member of an answer. */
export function memberOf<Shape>(name: string, decode: (about: About, value: unknown) => Shape) {
  return (about: About, answer: Readonly<Record<string, unknown>>): Shape => decode(about, answer[name]);
}
