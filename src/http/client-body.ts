import { getHeapStatistics } from 'node:v8';
import { OVERLOADED, requestError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { HEAP_PER_BYTE } from '../operation/params.ts';
import { GrowingBuffer } from '../transport/body.ts';

/** Something that was read of a body, with about how many bytes of memory it keeps. */
export interface Weighed {
  readonly weight: number;
}

export type BodyReader<Read extends Weighed> = (bytes: Uint8Array) => Read;

/** Gathers a body as it arrives, until it is complete or given up. `announced` is its content-length. */
export function gather<Read extends Weighed>(
  announced: string | null | undefined,
  limit: number,
  lease: BodyLease,
  reader: BodyReader<Read>,
  resolve: (read: Read) => void,
  reject: (reason: unknown) => void,
) {
  let bytes: GrowingBuffer | undefined = new GrowingBuffer();
  const stop = (reason: unknown): void => {
    if (bytes === undefined) return;
    bytes = undefined;
    lease.release();
    reject(reason);
  };
  lease.onEvict = () => stop(OVERLOADED);
  if (Number(announced) > limit) stop(bodyTooLarge(limit));
  // The head alone may have been too much.
  else if (lease.isReleased) stop(OVERLOADED);
  return {
    stop,
    /** @returns whether more is welcome. */
    add(chunk: Uint8Array): boolean {
      if (bytes === undefined) return false;
      if (bytes.size + chunk.length > limit) stop(bodyTooLarge(limit));
      else if (lease.take(chunk.length)) bytes.append(chunk);
      else stop(OVERLOADED);
      return bytes !== undefined;
    },
    end(): void {
      if (bytes === undefined) return;
      try {
        // Not by way of a promise, which would hold the bytes as long as its request is there.
        const read = reader(bytes.bytes());
        if (!lease.hold(read.weight)) throw OVERLOADED;
        bytes = undefined;
        resolve(read);
      } catch (error) {
        stop(error);
      }
    },
  };
}

function bodyTooLarge(limit: number) {
  return requestError(
    'BODY_TOO_LARGE',
    413,
    `The request body is larger than ${limit} bytes, which is all that this gateway takes. Send less at once.`,
  );
}

export const CUT_OFF = requestError(
  'BAD_REQUEST',
  400,
  'The connection broke before the request body was complete.',
);

/** The memory lease of one request's body. */
export interface BodyLease {
  readonly hasCredential: boolean;
  readonly bytes: number;
  /** Whether it was released or evicted: it takes nothing more. */
  readonly isReleased: boolean;
  /** Called when the body is evicted for another one: what is there of it must be let go. */
  onEvict: () => void;
  /** Takes room for more bytes, be it from others; less than none gives some back. @returns whether there is any; if not, it is evicted itself. */
  take(bytes: number): boolean;
  /**
   * Nothing more will come, and so many bytes of it stay until it is released, or so many more. From now on it is evicted for
   * nobody. @returns whether there is room for them; if not, it is evicted itself
   */
  hold(bytes: number): boolean;
  /** Nothing is left of it. May be called more than once. */
  release(): void;
}

/** Opens the lease of a request, whose head takes `headBytes` of it from the beginning. */
export type OpenLease<Request = ClientRequest> = (request: Request, headBytes?: number) => BodyLease;

/** Most operations are smaller. They have an eighth more of the budget, which no large body can take from them. */
const SMALL_BYTES = 16 * 1024;
const FOR_SMALL = 9 / 8;
/** The operations of those without a credential hold no more of it together, so that they keep nobody else out. */
const FOR_STRANGERS = 1 / 2;

/** The most that all bodies together may hold, in bytes: `most`, or what takes half of the heap of this process. */
export function boundedByHeap(most: number): number {
  return Math.min(most, Math.floor(getHeapStatistics().heap_size_limit / 2 / HEAP_PER_BYTE));
}

/** The index of what is no longer arriving. */
const GONE = -1;

/**
 * Bounds what the bodies of all requests hold: what has arrived of them, not what is announced, and then what their operations
 * keep of them until they are over. When it is used up, of the bodies that are still arriving the largest is evicted, those
 * without an accepted credential first: who holds many large ones open keeps nobody with a small one out.
 */
export function createBodyBudget<Request = ClientRequest>(
  maxBytes: number,
  wasAccepted: (request: Request) => boolean,
): OpenLease<Request> {
  let total = 0;
  let ofStrangers = 0;
  // A list: a Set whose entries come and go grows new tables, and the old ones keep what they held.
  const arriving: Lease[] = [];

  class Lease implements BodyLease {
    readonly hasCredential: boolean;
    bytes: number;
    isReleased = false;
    onEvict = ignore;
    readonly #headBytes: number;
    #index = arriving.push(this) - 1;
    /** Whether it counts among what those hold together that have no credential. */
    #isOfStrangers = false;

    constructor(hasCredential: boolean, headBytes: number) {
      this.hasCredential = hasCredential;
      this.#headBytes = headBytes;
      this.bytes = headBytes;
      total += headBytes;
      if (total > maxBytes) this.#resize(headBytes);
    }

    take(bytes: number): boolean {
      return this.#index !== GONE && this.#resize(this.bytes + bytes);
    }

    hold(bytes: number): boolean {
      if (this.isReleased) return false;
      const isArriving = this.#index !== GONE;
      const held = isArriving ? this.#headBytes : this.bytes;
      if (isArriving) this.#leave();
      if (!this.hasCredential && !this.#isOfStrangers) {
        this.#isOfStrangers = true;
        ofStrangers += this.bytes;
      }
      const others = this.#isOfStrangers ? ofStrangers - this.bytes : 0;
      if (!this.#resize(held + bytes)) return false;
      if (others === 0 || ofStrangers <= FOR_STRANGERS * maxBytes) return true;
      this.release();
      return false;
    }

    release(): void {
      this.isReleased = true;
      if (this.#index !== GONE) this.#leave();
      this.#resize(0);
    }

    /** Evicts others, or itself, where there is no room. @returns whether it is still there */
    #resize(bytes: number): boolean {
      total += bytes - this.bytes;
      if (this.#isOfStrangers) ofStrangers += bytes - this.bytes;
      this.bytes = bytes;
      const most = bytes <= SMALL_BYTES ? FOR_SMALL * maxBytes : maxBytes;
      while (bytes > 0 && total > most) {
        const evicted = arriving.reduce((one, other) => (isEvictedBefore(other, one) ? other : one), this);
        evicted.release();
        if (evicted === this) return false;
        evicted.onEvict();
      }
      return true;
    }

    /** It is no longer arriving. */
    #leave(): void {
      const index = this.#index;
      this.#index = GONE;
      const moved = arriving.pop() as Lease;
      if (moved === this) return;
      arriving[index] = moved;
      moved.#index = index;
    }
  }

  return (request, headBytes = 0) => new Lease(wasAccepted(request), headBytes);
}

function ignore(): void {}

/** Among equals, the one that asks for more is evicted. */
function isEvictedBefore(one: BodyLease, other: BodyLease): boolean {
  if (one.hasCredential !== other.hasCredential) return other.hasCredential;
  return one.bytes > other.bytes;
}
