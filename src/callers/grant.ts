import { isSet } from 'node:util/types';
import { typeInWords } from '../transport/embedder-calls.ts';
import { isScope, type KeyScope, SCOPES } from './scopes.ts';

export interface Grant {
  /** The caller's name for logs, metrics and the audit log. Undefined if callers have no names. */
  readonly name: string | undefined;
  /** Undefined: all scopes. */
  readonly scopes: ReadonlySet<KeyScope> | undefined;
  /** The ids of accessible scripts. Undefined: all, unless `projects` limits them. */
  readonly scripts: ReadonlySet<string> | undefined;
  /** The ids of accessible projects. Without `scripts`, all scripts of these projects are accessible. */
  readonly projects: ReadonlySet<string> | undefined;
  /** REST calls per second. Undefined: the whole quota. */
  readonly rate: number | undefined;
}

export const EVERYTHING: Grant = {
  name: undefined,
  scopes: undefined,
  scripts: undefined,
  projects: undefined,
  rate: undefined,
};

/** Whether two permissions allow the same. Reading the keys file again creates new objects. */
export function isSameGrant(one: Grant, other: Grant | undefined): boolean {
  if (one === other) return true;
  if (!other || one.name !== other.name) return false;
  return (['scopes', 'scripts', 'projects'] as const).every((list) => isSameSet(one[list], other[list]));
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  if (one === other || !one || !other) return one === other;
  return one.size === other.size && [...one].every((member) => other.has(member));
}

type Member = keyof Grant;

const MEMBERS: Readonly<Record<Member, readonly [isValid: (value: unknown) => boolean, form: string]>> = {
  name: [(value) => typeof value === 'string', 'a text'],
  scopes: [isScopes, `a Set of scopes, of which there are ${SCOPES.join(', ')}`],
  scripts: [isSet, 'a Set of ids'],
  projects: [isSet, 'a Set of ids'],
  // A rate below 1 would allow no call ever.
  rate: [
    (value) => typeof value === 'number' && value >= 1 && value < Number.POSITIVE_INFINITY,
    'a number from 1',
  ],
};

const NAMES = Object.keys(MEMBERS) as readonly Member[];

/**
 * A missing member is an error: as undefined, a misspelt member would allow everything.
 * @throws TypeError without the value
 */
export function readGrant(given: unknown, giver: string): Grant {
  if (typeof given !== 'object' || given === null) throw noGrant(giver, typeInWords(given));
  const read = (name: Member): unknown => {
    if (!(name in given)) throw noGrant(giver, `${typeInWords(given)} without the member "${name}"`, given);
    const value = (given as Grant)[name];
    const [isValid, form] = MEMBERS[name];
    if (value === undefined || isValid(value)) return value;
    throw noGrant(giver, `a grant whose "${name}" is ${typeInWords(value)} and not ${form}`);
  };
  // Reads each member once, as a getter may return another value the next time.
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as unknown as Grant;
}

function isScopes(value: unknown): boolean {
  return isSet(value) && value.size <= SCOPES.length && [...value].every((scope) => isScope(String(scope)));
}

export function noGrant(giver: string, what: string, cause?: unknown): TypeError {
  return new TypeError(
    `${giver} gave ${what}. A caller is let in by a grant alone: an object with the members ${NAMES.join(', ')}, each of which may be undefined. Mend the function; until then the caller is refused.`,
    cause instanceof Error ? { cause } : undefined,
  );
}
