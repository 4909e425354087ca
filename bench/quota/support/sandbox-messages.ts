/** A message to the sandbox's process: count from 0 again, or send the counts so far. */
export type SandboxQuestion = 'begin' | 'count';

/** Its first message, once it listens. */
export interface SandboxReady {
  readonly url: string;
}

/** The calls since `begin`, as the REST side itself saw them arrive. */
export interface SandboxCount {
  readonly calls: number;
  /** Answered `ratelimited`. */
  readonly limited: number;
  /** The most arrivals in any sliding 1,000 ms. */
  readonly mostInOneSecond: number;
  /** Milliseconds from the first arrival to the last. */
  readonly spanMs: number;
}
