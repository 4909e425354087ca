import type { Origin } from '../call.ts';
import { RULES } from './rules.ts';

/**
 * The connections to LuaAuth. A caller with requests under way has at most half of them, and leaves an eighth to callers that have none: LuaAuth may
 * take a minute for an answer, and for so long all other callers could neither read nor write.
 */
export class Connections {
  readonly #most: number;
  readonly #kept: number;
  #free: number;
  #ofUnaccepted = 0;
  /** The requests under way of each caller that has any. */
  readonly #ofCallers = new Map<string, number>();

  constructor(count: number) {
    this.#free = count;
    this.#most = Math.ceil(count / 2);
    this.#kept = Math.max(1, Math.floor(count / 8));
  }

  get isFull(): boolean {
    return this.#free === 0;
  }

  hasOneFor(origin: Origin): boolean {
    return this.#hasOneBeside(this.#ofCallers.get(nameOf(origin)) ?? 0);
  }

  /** The same for a key that LuaAuth has not accepted, of which so many requests are under way. All such keys count as one caller. */
  hasOneForUnaccepted(underWay: number): boolean {
    return underWay < RULES.maxUnderWayOfUnaccepted && this.#hasOneBeside(this.#ofUnaccepted);
  }

  #hasOneBeside(own: number): boolean {
    return own === 0 ? this.#free > 0 : own < this.#most && this.#free > this.#kept;
  }

  /** A request has begun, `by` 1, or has ended, `by` -1. */
  change(origin: Origin, isUnaccepted: boolean, by: 1 | -1): void {
    this.#free -= by;
    if (isUnaccepted) this.#ofUnaccepted += by;
    const name = nameOf(origin);
    const own = (this.#ofCallers.get(name) ?? 0) + by;
    if (own > 0) this.#ofCallers.set(name, own);
    else this.#ofCallers.delete(name);
  }

  /** LuaAuth has accepted a key, of which so many requests are under way. */
  accepted(underWay: number): void {
    this.#ofUnaccepted -= underWay;
  }
}

function nameOf({ account, caller }: Origin): string {
  return `${account} ${caller}`;
}
