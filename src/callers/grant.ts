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
