import type { Share } from './flow.ts';

/** The flows of waiting calls, from the top down, and how each takes turns with the flows beside it. */
export const SHARES = {
  /** An account whose key LuaAuth has accepted. */
  account: { cost: 1, credit: 1 },
  /** All other accounts together. Made-up keys get at most a fifth of the turns that an account wants. */
  strangers: { cost: 4, credit: 1 },
  place: { cost: 1, credit: 1, keepsPlace: true },
  caller: { cost: 1, credit: 1, keepsPlace: true },
  /** The writes of a caller go before its reads, but every fifth call is a read. */
  writes: { cost: 1 / 4, credit: 0 },
  reads: { cost: 1, credit: 0 },
  /** An operation gets its last answers before larger or later operations get their first answers. */
  operation: { cost: 1, credit: 1, keepsPlace: true, isWhole: true },
  /** Calls that renew cache entries start only when no call for a client can start. */
  revalidations: { cost: Number.POSITIVE_INFINITY, credit: 0 },
} as const satisfies Readonly<Record<string, Share>>;

export const MAX_WAITING = 10_000;
/** Over all accounts, waiting or under way. Above it, the last call in turn is refused. */
export const MAX_OF_STRANGERS = 400;
/** Largest number of calls in a stranger's trial. By then the API has told whether it accepts the key. */
export const MAX_OF_STRANGER = 5;
/** While more calls of the same caller wait, another caller had better wait for a turn of its own. */
export const MANY_CALLS = 8;
/**
 * The time that a waiting call must have left, in ms; at most a tenth of its timeout. If the API takes longer to answer,
 * the call must have that time left. Otherwise a full queue would start each call just before its deadline, and the quota
 * would go to calls that time out.
 */
export const RESERVED_MS = 500;
/** A poll that has waited for this time goes before callers, in ms. */
export const LATE_POLL_MS = 5_000;
/** Largest share of the quota for late polls. */
export const LATE_POLLS_PART = 1 / 50;
