import type { Origin } from '../call.ts';
import { RULES } from './rules.ts';

/** An account, as far as its connections go. */
interface Holder {
  /** Its requests under way. */
  readonly underWay: number;
  /** Whether LuaAuth has not accepted its key. All such keys count as one caller. */
  readonly isUnaccepted: boolean;
}

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

  hasOneFor(origin: Origin, { underWay, isUnaccepted }: Holder): boolean {
    if (isUnaccepted && underWay >= RULES.maxUnderWayOfUnaccepted) return false;
    const own = isUnaccepted ? this.#ofUnaccepted : (this.#ofCallers.get(nameOf(origin)) ?? 0);
    return own === 0 ? this.#free > 0 : own < this.#most && this.#free > this.#kept;
  }

  /** A request has begun, `by` 1, or has ended, `by` -1. */
  change(origin: Origin, { isUnaccepted }: Holder, by: 1 | -1): void {
    this.#free -= by;
    if (isUnaccepted) this.#ofUnaccepted += by;
    const name = nameOf(origin);
    const own = (this.#ofCallers.get(name) ?? 0) + by;
    if (own > 0) this.#ofCallers.set(name, own);
    else this.#ofCallers.delete(name);
  }

  /** LuaAuth has accepted the key of the account. */
  accepted({ underWay }: Holder): void {
    this.#ofUnaccepted -= underWay;
  }
}

function nameOf({ account, caller }: Origin): string {
  return `${account} ${caller}`;
}
