import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { isObject } from './envelope.ts';
import type { Member, Members, Typed, WireKind, WireKinds } from './wire.ts';

export const ID_FORM = '1 to 128 letters, digits or any of _ - . ~ :, and not dots alone';

const ID = /^(?!\.+$)[\w.~:-]{1,128}$/;
/** The same form as a regular expression, for clients that check ids themselves. */
export const ID_PATTERN = ID.source;

/**
 * Whether a value can be an id in a path. The API documents no form, so this excludes all that could leave the segment:
 * URL parsers resolve `.` and `..`.
 */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

export const DISCORD_ID_FORM = '1 to 32 digits';

export function isDiscordId(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,32}$/.test(value);
}

export function isName(text: string): boolean {
  return text.length <= MAX_NAME;
}

interface Takes {
  readonly strings: RegExp | boolean;
  readonly longest: number;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly booleans: boolean;
}

/** Longer names are errors at their field. */
export const MAX_NAME = 4_096;
/** Longer texts are errors at their field. */
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
/** RFC 3339 has no other years. */
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
  count: { ...INTEGER, strings: false, least: 0 },
  integer: INTEGER,
  digits: INTEGER,
  instant: { ...NOTHING, ...INSTANTS },
};

/** Kinds that keep every digit: as a number if it is exact, else as a string. */
type Exact = 'any id' | 'integer' | 'digits';
export interface DecodedKinds extends Omit<WireKinds, Exact>, Record<Exact, string | number> {}

export interface Provenance {
  readonly object: string;
  readonly from: About;
}

/** Plain JSON data. A missing or wrong property is undefined: only reading it with `usable` fails. */
export type Decoded<Shape> = { [Key in keyof Shape]: Shape[Key] | undefined } & Provenance;

/** Makes a decoder for the given members; it ignores all other members. @throws BadResponse if the value is not an object. */
export function objectDecoder<const Of extends Members>(object: string, members: Of) {
  type Shape = Decoded<Typed<Of, DecodedKinds>>;
  const rows = Object.entries(members).map(([name, member]) => {
    const [kind, or] = member.split(' or ') as [WireKind, string?];
    const { strings, longest, least, most, isWhole, booleans } = TAKES[kind];
    // Each row has the same members in the same order: different shapes would make the loop below slow.
    return { name, or, strings, longest, least, most, isWhole, booleans };
  });
  return (about: About, value: unknown): Shape => {
    if (!isObject(value)) throw new BadResponse(about, `it has no ${object}`);
    // Copying a template with all names takes twice as long: V8 copies only four templates fast at one place.
    const decoded: Record<string, unknown> = { object, from: about };
    // All in one function, as it runs for every member of every row.
    for (const row of rows) {
      const { name, or, strings, longest } = row;
      let given = value[name];
      if (given === undefined || given === null || (given === '' && or !== undefined && or !== 'null')) {
        decoded[name] = or ? null : undefined;
        continue;
      }
      if (typeof given === 'bigint' && row.isWhole) given = String(given);
      let isTaken: boolean;
      if (typeof given === 'string')
        isTaken = given.length <= longest && (typeof strings === 'boolean' ? strings : strings.test(given));
      else if (typeof given === 'number')
        isTaken = given >= row.least && given <= row.most && (!row.isWhole || Number.isInteger(given));
      else isTaken = typeof given === 'boolean' && row.booleans;
      decoded[name] = isTaken ? given : undefined;
    }
    return decoded as Shape;
  };
}

const ONE_MEMBER = new Map<Member, ReturnType<typeof objectDecoder<{ readonly value: Member }>>>();
const NOWHERE: About = { endpoint: '', kind: 'read' };

/** The most characters of a text of this kind. */
export function longestOf(kind: WireKind): number {
  return TAKES[kind].longest;
}

export function isUsable(member: Member, value: unknown): boolean {
  const decode = ONE_MEMBER.get(member) ?? objectDecoder('member', { value: member });
  ONE_MEMBER.set(member, decode);
  return decode(NOWHERE, { value }).value !== undefined;
}

/** Returns a property of a decoded object. @throws BadResponse if the answer has no usable value. */
export function usable<Shape extends Provenance, Key extends keyof Shape & string>(
  decoded: Shape,
  key: Key,
): Exclude<Shape[Key], undefined> {
  const value = decoded[key];
  if (value === undefined) throw unusable(decoded, key);
  return value as Exclude<Shape[Key], undefined>;
}

export function unusable({ from, object }: Provenance, key: string): BadResponse {
  return new BadResponse(from, `its ${object} has no usable "${key}"`);
}

/** Decodes a list row by row. @throws BadResponse if it is not a list or has more rows than were asked for. */
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
