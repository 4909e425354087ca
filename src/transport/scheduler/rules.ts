/**
 * The rules of the scheduler. A call starts when it has a permit of each of its quotas, and a connection.
 *
 * | | rule | file |
 * | --- | --- | --- |
 * | 1 | There are quotas of the key, of the gateway, and of a caller. A call takes a permit of each, or none. | account-quotas.ts |
 * | 2 | Accounts take turns, and so do the callers of an account, and the operations of a caller. The calls of an operation keep their order. | fair-line.ts |
 * | 3 | Calls in the background, which are revalidations and polls, get one permit of twenty. Beyond that they take only permits that leave a fifth free. | account-queue.ts |
 * | 4 | A caller has at most half of the connections, and leaves an eighth of them to callers that have no request under way. | connections.ts |
 * | 5 | Keys that LuaAuth has not accepted share a quota, and take turns by client address. | unaccepted-keys.ts |
 * | 6 | A read that cannot start in time is refused at once, with the waiting reads of its operation. | late-calls.ts |
 *
 * An endpoint that LuaAuth refuses with `ratelimited` pauses for its account (pauses.ts).
 */
export const RULES = {
  /** Calls of an account that may wait for a client, and as many in the background. */
  maxWaiting: 10_000,
  /** Calls for clients that start in a row while a call in the background waits. */
  clientCallsInARow: 19,
  /** What all keys that LuaAuth has not accepted may use of the quota of the gateway. */
  unacceptedPart: 1 / 4,
  /** Requests of such a key that may be under way. */
  maxUnderWayOfUnaccepted: 5,
  /** Calls of all such keys that may wait. */
  maxWaitingOfUnaccepted: 400,
  /**
   * The part of its time limit that a call has left when it has waited. A full queue would otherwise start each call just
   * before its deadline, and spend the quota on calls that time out.
   */
  partForAnswer: 1 / 4,
} as const;
