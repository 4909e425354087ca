import type { Clock } from '../../base/clock.ts';
import type { RateLimited } from '../errors.ts';

/** The longest pause, in ms: LuaAuth may ask for a day. */
const MAX_PAUSE_MS = 5 * 60_000;

interface Pause {
  readonly until: number;
  cancelTimer?: (() => void) | undefined;
}

/** The endpoints to which an account sends no call for a while, because LuaAuth has refused one with `ratelimited`. */
export class Pauses {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #byEndpoint = new Map<string, Pause>();

  /** `onEnd` is called at the end of a pause that has blocked a call. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Pauses an endpoint for as long as LuaAuth has said, else for a second. */
  begin(endpoint: string, { retryAfterMs }: RateLimited): void {
    const until = this.#clock.now() + Math.min(retryAfterMs, MAX_PAUSE_MS);
    const before = this.#byEndpoint.get(endpoint);
    if (before && before.until >= until) return;
    before?.cancelTimer?.();
    this.#byEndpoint.set(endpoint, { until });
  }

  /** How long no call to the endpoint starts, in ms; 0: there is no pause. */
  leftMs(endpoint: string): number {
    const pause = this.#byEndpoint.get(endpoint);
    return pause ? Math.max(0, pause.until - this.#clock.now()) : 0;
  }

  /** Whether a call to the endpoint has to wait. Then `onEnd` is called at the end of the pause. */
  blocks(endpoint: string): boolean {
    const pause = this.#byEndpoint.get(endpoint);
    if (!pause) return false;
    const leftMs = this.leftMs(endpoint);
    if (leftMs === 0) return false;
    pause.cancelTimer ??= this.#clock.after(leftMs, () => {
      this.#byEndpoint.delete(endpoint);
      this.#onEnd();
    });
    return true;
  }

  /** Called when no call waits any more. */
  stopTimers(): void {
    for (const pause of this.#byEndpoint.values()) {
      pause.cancelTimer?.();
      pause.cancelTimer = undefined;
    }
  }

  isIdle(): boolean {
    return [...this.#byEndpoint.keys()].every((endpoint) => this.leftMs(endpoint) === 0);
  }
}
