import { getHeapStatistics } from 'node:v8';
import type { ClientRequest } from '../observability/request-record.ts';

/** Most operations are smaller. They have an eighth more of the budget, which no large body can take from them. */
const SMALL_BYTES = 16 * 1024;
const FOR_SMALL = 9 / 8;
/** The operations of those without a credential hold no more of it together, so that they keep nobody else out. */
const FOR_STRANGERS = 1 / 2;

/**
 * The most that a body takes of the heap, measured: its text, what is parsed of it, what is sent on, and each of them twice while
 * it is made; and as much again for all else.
 */
const HEAP_PER_BYTE = 16;

/** The most that all bodies together may hold, in bytes: `most`, or as much as the heap of this process survives. */
export function boundedByHeap(most: number): number {
  return Math.min(most, Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_BYTE));
}

/** The index of what is no longer arriving. */
const GONE = -1;

/** The memory lease of one request's body. */
export interface BodyLease {
  readonly hasCredential: boolean;
  readonly bytes: number;
  /** Called when the body is evicted for another one: what is there of it must be let go. */
  onEvict: () => void;
  /** Takes room for more bytes, be it from others. @returns whether there is any; if not, it is evicted itself. */
  take(bytes: number): boolean;
  /**
   * Nothing more will come, and so many bytes of it stay until it is released. From now on it is evicted for nobody.
   * @returns whether there is room for them; if not, it is evicted itself
   */
  hold(bytes: number): boolean;
  /** Nothing is left of it. May be called more than once. */
  release(): void;
}

/** Opens the lease of the body that a request brings along. */
export type OpenLease = (request: ClientRequest) => BodyLease;

/**
 * Bounds what the bodies of all requests hold: what has arrived of them, not what is announced, and then what their operations
 * keep of them until they are over. When it is used up, of the bodies that are still arriving the largest is evicted, those
 * without an accepted credential first: who holds many large ones open keeps nobody with a small one out.
 */
export function createBodyBudget<Request = ClientRequest>(
  maxBytes: number,
  wasAccepted: (request: Request) => boolean,
): (request: Request) => BodyLease {
  let total = 0;
  let ofStrangers = 0;
  // A list: a Set whose entries come and go grows new tables, and the old ones keep what they held.
  const arriving: Lease[] = [];

  class Lease implements BodyLease {
    readonly hasCredential: boolean;
    bytes = 0;
    onEvict = ignore;
    #index = arriving.push(this) - 1;
    /** Whether it counts among what those hold together that have no credential. */
    #isOfStrangers = false;

    constructor(hasCredential: boolean) {
      this.hasCredential = hasCredential;
    }

    take(bytes: number): boolean {
      return this.#index !== GONE && this.#grow(bytes);
    }

    hold(bytes: number): boolean {
      this.#complete();
      if (!this.hasCredential && !this.#isOfStrangers) {
        this.#isOfStrangers = true;
        ofStrangers += this.bytes;
      }
      const others = this.#isOfStrangers ? ofStrangers - this.bytes : 0;
      if (!this.#grow(bytes - this.bytes)) return false;
      if (others === 0 || ofStrangers <= FOR_STRANGERS * maxBytes) return true;
      this.release();
      return false;
    }

    release(): void {
      this.#complete();
      this.#add(-this.bytes);
    }

    #grow(bytes: number): boolean {
      this.#add(bytes);
      const most = this.bytes <= SMALL_BYTES ? FOR_SMALL * maxBytes : maxBytes;
      while (total > most) {
        const evicted = arriving.reduce((one, other) => (isEvictedBefore(other, one) ? other : one), this);
        evicted.release();
        if (evicted === this) return false;
        evicted.onEvict();
      }
      return true;
    }

    #add(bytes: number): void {
      this.bytes += bytes;
      total += bytes;
      if (this.#isOfStrangers) ofStrangers += bytes;
    }

    #complete(): void {
      const index = this.#index;
      if (index === GONE) return;
      this.#index = GONE;
      const moved = arriving.pop() as Lease;
      if (moved === this) return;
      arriving[index] = moved;
      moved.#index = index;
    }
  }

  return (request) => new Lease(wasAccepted(request));
}

function ignore(): void {}

/** Among equals, the one that asks for more is evicted. */
function isEvictedBefore(one: BodyLease, other: BodyLease): boolean {
  if (one.hasCredential !== other.hasCredential) return other.hasCredential;
  return one.bytes > other.bytes;
}
