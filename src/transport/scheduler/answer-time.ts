import type { Call } from '../call.ts';
import { TimedOut } from '../errors.ts';

/** The time that LuaAuth needs to answer the calls of an account. */
export class AnswerTime {
  /** With a margin, in ms. */
  neededMs = 0;

  /** Learns from answers, and from calls that started too late and timed out. */
  learn({ waitsForOthers, timeoutMs }: Call<unknown>, tookMs: number, failure: unknown): void {
    const hasTimedOut = failure instanceof TimedOut && tookMs < timeoutMs;
    if (waitsForOthers || (failure !== undefined && !hasTimedOut)) return;
    this.neededMs += ((hasTimedOut ? 2 : 1.5) * tookMs - this.neededMs) / 4;
  }
}
