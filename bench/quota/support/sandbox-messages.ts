/** What the sandbox's process is asked: to begin counting anew, or to tell what it has counted since. */
export type SandboxQuestion = 'begin' | 'count';

/** Its first message, once it listens. */
export interface SandboxReady {
  readonly url: string;
}

/** What arrived at the REST side since `begin`, as the REST side itself saw it. */
export interface SandboxCount {
  readonly calls: number;
  /** Answered `ratelimited`. */
  readonly limited: number;
  /** The most arrivals in any sliding 1,000 ms. */
  readonly mostInOneSecond: number;
  /** Milliseconds from the first arrival to the last. */
  readonly spanMs: number;
}
