/**
 * Receives how a call goes on: the second argument of every step. A step that needs to know passes one of its own that
 * hands on to the one it was given. A call makes one request or several (retries), or none. What is done here must not
 * throw, and costs every call.
 */
export interface Progress {
  /** It has to wait for a place in the quota. */
  queued(): void;
  /** It has its place, at once or after so many ms: a request begins. */
  dequeued(waitedMs: number): void;
  /** The request is about to be written. */
  sent(): void;
  /** Its answer begins. */
  responded(): void;
  /** The request is over, or will not be made although the call has waited; `failure` is undefined when it went well. */
  ended(failure: unknown): void;
  /** A request that failed is about to be made again. */
  retried(): void;
  /** This process has lost the others: what it reads may be older than what they wrote, and they may not see its writes. */
  uncoordinated(): void;
}

/** For calls of which nobody wants to know. */
export const NO_PROGRESS: Progress = {
  queued() {},
  dequeued() {},
  sent() {},
  responded() {},
  ended() {},
  retried() {},
  uncoordinated() {},
};
