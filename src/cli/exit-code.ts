/** How the process ends. */
export const EXIT = {
  ok: 0,
  /** The configuration is wrong, an address is taken, or `check` found something that has to be fixed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The answer to a `query` has errors. */
  errors: 3,
  /** LuaAuth refused the mutation of a `query`. */
  refused: 4,
} as const;
