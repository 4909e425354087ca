import type { Share } from './flow.ts';

/** The flows of calls that wait, from the top down, and how each takes turns with the flows beside it. */
export const SHARES = {
  /** An account whose key LuaAuth has accepted. */
  account: { cost: 1, credit: 1 },
  /** All other accounts together: made-up keys have at most a fifth of the turns that an account wants. */
  strangers: { cost: 4, credit: 1 },
  place: { cost: 1, credit: 1, isKept: true },
  caller: { cost: 1, credit: 1, isKept: true },
  /** The writes of a caller go before its reads, but every fifth call is a read. */
  writes: { cost: 1 / 4, credit: 0 },
  reads: { cost: 1, credit: 0 },
  /** Where connections are scarce, an operation gets its last answers before others get their first answers. */
  operation: { cost: 1, credit: 1, isByAge: true },
  /** Calls that renew cache entries start when no call starts that a client waits for. */
  revalidations: { cost: Number.POSITIVE_INFINITY, credit: 0 },
} as const satisfies Readonly<Record<string, Share>>;

/** So many calls of an account can wait. */
export const MAX_WAITING = 10_000;
/** So many calls of strangers can wait or be under way, over all their accounts. If more come, the last calls in turn are refused. */
export const MAX_OF_STRANGERS = 400;
/** The API tells after so many calls at the latest whether it accepts a key; until then a stranger has no more, in all. */
export const MAX_OF_STRANGER = 5;
/** While more calls of the same caller wait than this, another caller had better wait for a turn of its own. */
export const MANY = 8;
/**
 * The time that a waiting call must have left, or a tenth of its timeout if that is less, in ms. Without it a queue that is
 * always full would start every call just before its deadline, and spend the quota on calls that time out.
 */
export const RESERVED_MS = 500;
/** A poll that has waited so long goes before callers, in ms. */
export const LATE_POLL_MS = 5_000;
/** At most this part of the quota is for such polls. */
export const LATE_POLLS_PART = 1 / 50;
