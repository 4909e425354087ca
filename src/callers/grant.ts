import type { KeyScope } from './scopes.ts';

/** What a caller may do. */
export interface Grant {
  /** The caller's name, as logs, metrics and the audit log have it; undefined: callers have none. */
  readonly name: string | undefined;
  /** Undefined: all there are. */
  readonly scopes: ReadonlySet<KeyScope> | undefined;
  /** The ids of the scripts that can be reached; undefined: all, but see `projects`. */
  readonly scripts: ReadonlySet<string> | undefined;
  /** The ids of the projects that can be reached; without a list of scripts, theirs are. */
  readonly projects: ReadonlySet<string> | undefined;
  /** REST calls in any second; undefined: as many as all callers together. */
  readonly rate: number | undefined;
}

/** Of whoever presents no key that could allow less. */
export const EVERYTHING: Grant = {
  name: undefined,
  scopes: undefined,
  scripts: undefined,
  projects: undefined,
  rate: undefined,
};

/** Whether two grants allow the same. A list of keys that is read again gives others, which may. */
export function isSameGrant(one: Grant, other: Grant | undefined): boolean {
  if (one === other) return true;
  if (!other || one.name !== other.name) return false;
  return (['scopes', 'scripts', 'projects'] as const).every((list) => isSameSet(one[list], other[list]));
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  if (!one || !other) return one === other;
  return one.size === other.size && [...one].every((member) => other.has(member));
}
