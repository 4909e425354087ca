import { isDeepStrictEqual } from 'node:util';
import type { KeyScope } from './scopes.ts';

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

/** Whether two permissions allow the same to the same caller. Reading the keys file again creates new objects. */
export function isSameGrant(one: Grant, other: Grant | undefined): boolean {
  if (one === other) return true;
  return other !== undefined && isDeepStrictEqual(whatItAllows(one), whatItAllows(other));
}

const whatItAllows = ({ name, scopes, scripts, projects }: Grant) => [name, scopes, scripts, projects];
