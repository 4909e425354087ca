import type { Clock } from '../clock.ts';
import { DecayingCount } from '../decaying-count.ts';
import type { RateLimited } from '../errors.ts';

/** The longest pause at LuaAuth's request before the next try, in ms. */
const MAX_PAUSE_MS = 5 * 60_000;
/** The pause if LuaAuth refuses few calls and gives no time, in ms. */
const RARE_PAUSE_MS = 100;
/** From this share of refused calls on, a quota explains the refusals. Fewer are random. */
const LIMITED_SHARE = 1 / 10;
const COUNTED_MS = 2_000;
/** What is left of the count of one event after some two seconds. */
const RECENT = 0.3;

class Endpoint {
  readonly calls = new DecayingCount(COUNTED_MS);
  readonly refusals = new DecayingCount(COUNTED_MS);
  pausedUntil = 0;
  cancelTimer: (() => void) | undefined;
}

/** What an account learns from LuaAuth's `ratelimited`: which endpoints pause, and whether the key has to slow down. */
export class BackOff {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  readonly #endpoints = new Map<string, Endpoint>();

  /** `onEnd` is called at the end of a pause that has blocked a call. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  passed(name: string): void {
    this.#endpoint(name).calls.add(this.#clock.now());
  }

  /** Pauses the endpoint. Returns whether the key should slow down. */
  refused(name: string, { retryAfterMs, saysWhen }: RateLimited): boolean {
    const now = this.#clock.now();
    const refused = this.#endpoint(name);
    refused.calls.add(now);
    refused.refusals.add(now);
    const others = { calls: 0, refusals: 0 };
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint === refused) continue;
      others.calls += endpoint.calls.at(now);
      others.refusals += endpoint.refusals.at(now);
    }
    const refusals = refused.refusals.at(now) + others.refusals;
    const isRare = refusals < (refused.calls.at(now) + others.calls) * LIMITED_SHARE;
    const pauseMs = isRare && !saysWhen ? RARE_PAUSE_MS : Math.min(retryAfterMs, MAX_PAUSE_MS);
    refused.pausedUntil = Math.max(refused.pausedUntil, now + pauseMs);
    // If LuaAuth refuses only one of several endpoints, the limit of this endpoint is stricter than the limit of the key.
    const isOfEndpoint = others.calls >= RECENT && others.refusals < RECENT;
    return !isRare && !isOfEndpoint && refusals >= 1 + RECENT;
  }

  /** How long no call to the endpoint starts, in ms; 0: there is no pause. */
  leftMs(name: string): number {
    const endpoint = this.#endpoints.get(name);
    return endpoint ? Math.max(0, endpoint.pausedUntil - this.#clock.now()) : 0;
  }

  /** Whether a call to the endpoint has to wait. */
  blocks(name: string): boolean {
    const endpoint = this.#endpoints.get(name);
    const leftMs = this.leftMs(name);
    if (!endpoint || leftMs === 0) return false;
    endpoint.cancelTimer ??= this.#clock.after(leftMs, () => {
      endpoint.cancelTimer = undefined;
      this.#onEnd();
    });
    return true;
  }

  /** No call waits, so the end of a pause need not be told. */
  rest(): void {
    for (const endpoint of this.#endpoints.values()) {
      endpoint.cancelTimer?.();
      endpoint.cancelTimer = undefined;
    }
  }

  isIdle(): boolean {
    return [...this.#endpoints.keys()].every((name) => this.leftMs(name) === 0);
  }

  #endpoint(name: string): Endpoint {
    const endpoint = this.#endpoints.get(name) ?? new Endpoint();
    this.#endpoints.set(name, endpoint);
    return endpoint;
  }
}
