/**
 * The operator's table of licence keys by Discord id. It is read for each operation, so it may change. A `Map` of lists
 * will do.
 */
export interface UserTable {
  /** Different licence keys, at most `MAX_KEYS_OF_ID`; undefined for an unknown id. */
  get(discordId: string): readonly string[] | undefined;
}

/** The most licence keys of a Discord id. Each one is a REST call. */
export const MAX_KEYS_OF_ID = 100;
