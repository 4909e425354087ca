import { isSet } from 'node:util/types';
import { typeInWords } from '../transport/embedder-calls.ts';
import { isScope, type KeyScope, SCOPES } from './scopes.ts';

export interface Permissions {
  /** The caller's name, as logs, metrics and the audit log have it; undefined: callers have none. */
  readonly name: string | undefined;
  /** Undefined: all there are. */
  readonly scopes: ReadonlySet<KeyScope> | undefined;
  /** The ids of the scripts with access; undefined: all, but see `projects`. */
  readonly scripts: ReadonlySet<string> | undefined;
  /** The ids of the projects with access; without a list of scripts, theirs are. */
  readonly projects: ReadonlySet<string> | undefined;
  /** REST calls in any second; undefined: as many as all callers together. */
  readonly rate: number | undefined;
}

/** The permissions of a caller without a key that could allow less. */
export const EVERYTHING: Permissions = {
  name: undefined,
  scopes: undefined,
  scripts: undefined,
  projects: undefined,
  rate: undefined,
};

/** Whether two allow the same. A list of keys that is read again gives new ones, which may. */
export function isSamePermissions(one: Permissions, other: Permissions | undefined): boolean {
  if (one === other) return true;
  if (!other || one.name !== other.name) return false;
  return (['scopes', 'scripts', 'projects'] as const).every((list) => isSameSet(one[list], other[list]));
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  if (one === other || !one || !other) return one === other;
  return one.size === other.size && [...one].every((member) => other.has(member));
}

type Member = keyof Permissions;

/** The type that each member must have where it is not undefined, and its words. */
const MEMBERS: Readonly<Record<Member, readonly [isGood: (value: unknown) => boolean, form: string]>> = {
  name: [(value) => typeof value === 'string', 'a text'],
  scopes: [isScopes, `a Set of scopes, of which there are ${SCOPES.join(', ')}`],
  scripts: [isSet, 'a Set of ids'],
  projects: [isSet, 'a Set of ids'],
  // Less than one a second would be none, ever.
  rate: [
    (value) => typeof value === 'number' && value >= 1 && value < Number.POSITIVE_INFINITY,
    'a number from 1',
  ],
};

const NAMES = Object.keys(MEMBERS) as readonly Member[];

/**
 * Reads what an embedder's function gives for a caller. A member that is missing is a mistake, such as another spelling:
 * taken for undefined, it would allow everything.
 * @throws TypeError, which quotes no value
 */
export function readPermissions(given: unknown, giver: string): Permissions {
  if (typeof given !== 'object' || given === null) throw noPermissions(giver, typeInWords(given));
  const read = (name: Member): unknown => {
    if (!(name in given))
      throw noPermissions(giver, `${typeInWords(given)} without the member "${name}"`, given);
    const value = (given as Permissions)[name];
    const [isGood, form] = MEMBERS[name];
    if (value === undefined || isGood(value)) return value;
    throw noPermissions(giver, `a grant whose "${name}" is ${typeInWords(value)} and not ${form}`);
  };
  // Each member is read once: a getter may give something else the next time.
  return Object.fromEntries(NAMES.map((name) => [name, read(name)])) as unknown as Permissions;
}

function isScopes(value: unknown): boolean {
  return isSet(value) && value.size <= SCOPES.length && [...value].every((scope) => isScope(String(scope)));
}

/** The mistake of an embedder's function that gives something else than it should. */
export function noPermissions(giver: string, what: string, cause?: unknown): TypeError {
  return new TypeError(
    `${giver} gave ${what}. A caller is let in by a grant alone: an object with the members ${NAMES.join(', ')}, each of which may be undefined. Mend the function; until then the caller is refused.`,
    cause instanceof Error ? { cause } : undefined,
  );
}
