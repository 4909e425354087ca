import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { isObject } from './envelope.ts';
import type { Member, Members, Typed, WireKind, WireKinds } from './wire.ts';

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

/** Whether a text is no longer than names are. */
export function isName(text: string): boolean {
  return text.length <= MAX_NAME;
}

/** The part of JSON's strings, numbers and booleans that a kind of member takes. */
interface Takes {
  readonly strings: RegExp | boolean;
  /** The most characters of a string. */
  readonly longest: number;
  /** The strings that stand for a number: `parseJson` keeps the digits of an integer from 16 on. */
  readonly numerals?: RegExp;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly booleans: boolean;
}

/** The most characters of a name. A longer one is an error at its field. */
const MAX_NAME = 4_096;
/** The most characters of any other text. */
const MAX_TEXT = 65_536;

const NOTHING: Takes = {
  strings: false,
  longest: MAX_TEXT,
  least: 0,
  most: -1,
  isWhole: false,
  booleans: false,
};
const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
const INTEGER: Takes = { ...NOTHING, strings: /^-?\d{1,64}$/, least, most, isWhole: true };
/** RFC 3339 writes no other years. */
const INSTANTS = {
  least: Date.parse('0000-01-01T00:00:00.000Z'),
  most: Date.parse('9999-12-31T23:59:59.999Z'),
};

const TAKES: Readonly<Record<WireKind, Takes>> = {
  name: { ...NOTHING, strings: true, longest: MAX_NAME },
  text: { ...NOTHING, strings: true },
  id: { ...NOTHING, strings: ID },
  'any id': { ...INTEGER, strings: true },
  boolean: { ...NOTHING, booleans: true },
  count: { ...INTEGER, strings: false, numerals: /^\d{16}$/, least: 0 },
  integer: INTEGER,
  digits: INTEGER,
  instant: { ...NOTHING, ...INSTANTS },
};

/** The kinds whose digits all count: as a number or a string, whichever holds them. */
type Exact = 'any id' | 'integer' | 'digits';
export interface DecodedKinds extends Omit<WireKinds, Exact>, Record<Exact, string | number> {}

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

/**
 * How many members of answers this process could not use so far. Whether it grows while an answer is decoded tells whether the
 * answer has such a member.
 */
export let unusableMembers = 0;

/** Makes a decoder, which goes member by member; what they do not name is ignored. @throws BadResponse for no object. */
export function objectDecoder<const Of extends Members>(object: string, members: Of) {
  type Shape = Decoded<Typed<Of, DecodedKinds>>;
  const rows = Object.entries(members).map(([name, member]) => {
    const [kind, or] = member.split(' or ') as [WireKind, string?];
    const { strings, longest, numerals, least, most, isWhole, booleans } = TAKES[kind];
    // Each row has the same members in the same order: rows of several shapes make the loop below slow.
    return { name, or, strings, longest, numerals, least, most, isWhole, booleans };
  });
  // An object with all of the names, to begin with: it is copied faster, and into less memory, than made name by name.
  const template = {
    ...Object.fromEntries(rows.map(({ name }) => [name, undefined])),
    object,
    from: undefined,
  };
  return (about: About, value: unknown): Shape => {
    if (!isObject(value)) throw new BadResponse(about, `it has no ${object}`);
    const decoded: Record<string, unknown> = { ...template, from: about };
    // In one function, because every member of every row comes by here.
    for (const row of rows) {
      const { name, or, strings, longest, numerals } = row;
      let given = value[name];
      if (given === undefined || given === null || (given === '' && or !== undefined && or !== 'null')) {
        if (or) decoded[name] = null;
        else unusableMembers += 1;
        continue;
      }
      if (typeof given === 'string' && numerals?.test(given)) given = Number(given);
      let isTaken: boolean;
      if (typeof given === 'string')
        isTaken = given.length <= longest && (typeof strings === 'boolean' ? strings : strings.test(given));
      else if (typeof given === 'number')
        isTaken = given >= row.least && given <= row.most && (!row.isWhole || Number.isInteger(given));
      else isTaken = typeof given === 'boolean' && row.booleans;
      if (isTaken) decoded[name] = given;
      else unusableMembers += 1;
    }
    return decoded as Shape;
  };
}

const ONE_MEMBER = new Map<Member, ReturnType<typeof objectDecoder<{ readonly value: Member }>>>();
const NOWHERE: About = { endpoint: '', kind: 'read' };

/** Whether a decoder can use a value as such a member. */
export function isUsable(member: Member, value: unknown): boolean {
  const decode = ONE_MEMBER.get(member) ?? objectDecoder('member', { value: member });
  ONE_MEMBER.set(member, decode);
  return decode(NOWHERE, { value }).value !== undefined;
}

/** A property of a decoded object. @throws BadResponse when the answer has none that can be used. */
export function usable<Shape extends Provenance, Key extends keyof Shape & string>(
  decoded: Shape,
  key: Key,
): Exclude<Shape[Key], undefined> {
  const value = decoded[key];
  if (value === undefined) throw unusable(decoded, key);
  return value as Exclude<Shape[Key], undefined>;
}

/** The error of a property that the answer does not have, or not so that it can be used. */
export function unusable({ from, object }: Provenance, key: string): BadResponse {
  return new BadResponse(from, `its ${object} has no usable "${key}"`);
}

/** Decodes a list, each row by itself. @throws BadResponse for no list, and for more rows than were asked for. */
export function decodeList<Row>(
  about: About,
  name: string,
  value: unknown,
  decodeRow: (about: About, row: unknown) => Row,
  most = Number.POSITIVE_INFINITY,
): Row[] {
  if (!Array.isArray(value)) throw new BadResponse(about, `it has no list of ${name}`);
  if (value.length > most) throw new BadResponse(about, `it has more ${name} than were asked for`);
  const rows: Row[] = [];
  for (const row of value) rows.push(decodeRow(about, row));
  return rows;
}
