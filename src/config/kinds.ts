/** What a value may be. Variables, the keys file and the options of an embedder are described by kinds. */
export interface Kind {
  /** The allowed values, in words that follow "must be". */
  readonly allowed: string;
  /** Whether a value of this type and range is allowed. Its members and items are checked by themselves. */
  readonly has: (value: unknown) => boolean;
  /** Never quoted. */
  readonly secret?: boolean | undefined;
  /** Says what is wrong with a value that `has` allows, without quoting a secret. */
  readonly problem?: (value: never) => string | undefined;
  /** An object without this member is refused. */
  readonly isRequired?: boolean;
  readonly members?: Readonly<Record<string, Kind>>;
  readonly items?: Kind;
}

/** A whole number from `least` to `most`. `zero` describes a special meaning of 0. */
export function wholeNumber(least: number, most: number, zero?: string) {
  return {
    has: (value: unknown) =>
      Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    allowed: `a whole number from ${least} to ${most}${zero === undefined ? '' : ` (0: ${zero})`}`,
  };
}

export function textLike(pattern: RegExp, allowed: string) {
  return { has: (value: unknown) => typeof value === 'string' && pattern.test(value), allowed };
}

export function oneOf(words: readonly string[]): Kind {
  return { has: (value) => words.some((word) => word === value), allowed: `one of ${words.join(', ')}` };
}

export const trueOrFalse: Kind = { has: (value) => typeof value === 'boolean', allowed: 'true or false' };

/** A list of at least one item. */
export function listOf(items: Kind, most: number, ofWhat: string): Kind {
  const has = (value: unknown) => Array.isArray(value) && value.length >= 1 && value.length <= most;
  return { has, allowed: `a list of 1 to ${most} ${ofWhat}`, items };
}

/** An object with these members only: a misspelt member would be a limit without effect. */
export function objectOf(members: Readonly<Record<string, Kind>>): Kind {
  const has = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  return { has, allowed: `an object with some of the members ${Object.keys(members).join(', ')}`, members };
}

/** An object of code with this method. `allowed` says what it is. */
export function withMethod(method: string, allowed: string): Kind {
  const has = (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Record<string, unknown>)[method] === 'function';
  return { has, allowed };
}

export function required(kind: Kind): Kind {
  return { ...kind, isRequired: true };
}

/** Checks a value of code or of JSON. Each problem is a sentence that begins with the name of the value. */
export function problemsOf(name: string, value: unknown, kind: Kind): string[] {
  if (!kind.has(value))
    return [`${name}: ${kind.secret ? HIDDEN : `${show(value)}:`} must be ${kind.allowed}.`];
  const described = kind.problem?.(value as never);
  if (described !== undefined) return [`${name}: ${described}`];
  const { items, members } = kind;
  if (items)
    return (value as unknown[]).flatMap((item, index) => problemsOf(`${name}[${index}]`, item, items));
  if (!members) return [];
  const given = value as Readonly<Record<string, unknown>>;
  const pathOf = (member: string) => (name === '' ? member : `${name}.${member}`);
  const unknown = ownNames(given).filter((member) => given[member] !== undefined && !(member in members));
  const known = Object.keys(members).join(', ');
  return [
    ...unknown.map((member) => `${pathOf(cut(member))}: there is no such member. There are ${known}.`),
    ...Object.entries(members).flatMap(([member, of]) => {
      if (given[member] !== undefined) return problemsOf(pathOf(member), given[member], of);
      return of.isRequired ? [`${pathOf(member)}: missing. It must be ${of.allowed}.`] : [];
    }),
  ];
}

/** None for an instance of a class, which may have members for its own use. */
function ownNames(value: object): string[] {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.keys(value) : [];
}

export const HIDDEN = 'the given value (not shown)';

/** Long values must not hide the other problems. */
const LONGEST_SHOWN = 200;

export function cut(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

/** Quotes a text, shortened. Hides the parts of a URL that may hold secrets. Of an object only the type is shown. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(cut(value.replace(/(?<=^|\/\/)[^/]*(?=@)|(?<=[?#]).+/gs, '...')));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}
