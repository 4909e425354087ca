import { getHeapStatistics } from 'node:v8';
import { OVERLOADED, requestError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { HEAP_PER_BYTE } from '../operation/params.ts';
import { GrowingBuffer } from '../transport/body.ts';

/** A value read from a body, with its approximate memory in bytes. */
export interface Weighed {
  readonly weight: number;
}

export type BodyReader<Read extends Weighed> = (bytes: Uint8Array) => Read;

export function gather<Read extends Weighed>(
  announced: string | null | undefined,
  limit: number,
  reservation: Reservation,
  reader: BodyReader<Read>,
  resolve: (read: Read) => void,
  reject: (reason: unknown) => void,
) {
  let bytes: GrowingBuffer | undefined = new GrowingBuffer();
  const stop = (reason: unknown): void => {
    if (bytes === undefined) return;
    bytes = undefined;
    reservation.release();
    reject(reason);
  };
  reservation.onEvict = () => stop(OVERLOADED);
  if (Number(announced) > limit) stop(bodyTooLarge(limit));
  // The head alone may have exceeded the budget.
  else if (reservation.isReleased) stop(OVERLOADED);
  return {
    stop,
    /** @returns whether it accepts more chunks */
    add(chunk: Uint8Array): boolean {
      if (bytes === undefined) return false;
      if (bytes.size + chunk.length > limit) stop(bodyTooLarge(limit));
      else if (reservation.take(chunk.length)) bytes.append(chunk);
      else stop(OVERLOADED);
      return bytes !== undefined;
    },
    end(): void {
      if (bytes === undefined) return;
      try {
        // Not through a promise, which would keep the bytes as long as the request.
        const read = reader(bytes.bytes());
        if (!reservation.hold(read.weight)) throw OVERLOADED;
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
    `The request body is larger than ${limit} bytes, the most that this gateway accepts. Split the operation or shorten its variables.`,
  );
}

export const CUT_OFF = requestError(
  'BAD_REQUEST',
  400,
  'The connection broke before the request body was complete.',
);

/** The share of one request in the memory budget of bodies. */
export interface Reservation {
  readonly hasCredential: boolean;
  readonly bytes: number;
  /** Whether it was released or evicted, so that it takes no more bytes. */
  readonly isReleased: boolean;
  /** Called when the reservation is evicted for another body. The receiver must drop its bytes. */
  onEvict: () => void;
  /** May evict others; a negative number returns bytes. @returns false if this reservation is evicted instead */
  take(bytes: number): boolean;
  /**
   * Ends the arrival: the reservation keeps its head and these bytes until its release.
   * @returns false if it is evicted instead
   */
  hold(bytes: number): boolean;
  release(): void;
}

/** Reserves memory for the body of a request. The reservation includes the bytes of its head. */
export type ReserveBody<Request = ClientRequest> = (request: Request, headBytes?: number) => Reservation;

/** Most operations are smaller. They may use an extra eighth of the budget, which large bodies cannot take from them. */
const SMALL_BYTES = 16 * 1024;
const FOR_SMALL = 9 / 8;
/** Operations without an accepted credential together hold at most this part of the budget. */
const FOR_STRANGERS = 1 / 2;

/** The most bytes of all bodies together: `most`, or what takes half of this process's heap. */
export function boundedByHeap(most: number): number {
  return Math.min(most, Math.floor(getHeapStatistics().heap_size_limit / 2 / HEAP_PER_BYTE));
}

/** The index of a reservation whose body no longer arrives. */
const GONE = -1;

/**
 * Counts the bytes that have arrived and what running operations keep of them. When the budget is used up, the largest
 * arriving body is evicted, bodies without an accepted credential first. So large bodies cannot keep out small ones.
 */
export function createBodyBudget<Request = ClientRequest>(
  maxBytes: number,
  wasAccepted: (request: Request) => boolean,
): ReserveBody<Request> {
  let total = 0;
  let ofStrangers = 0;
  // An array: a Set whose entries come and go grows new tables, and the old tables keep their entries alive.
  const arriving: BodyReservation[] = [];

  class BodyReservation implements Reservation {
    readonly hasCredential: boolean;
    bytes: number;
    isReleased = false;
    onEvict = ignore;
    readonly #headBytes: number;
    #index = arriving.push(this) - 1;
    /** Whether it counts in the limit of operations without a credential. */
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
      // Frees what waited for the body. Only an arriving reservation is evicted for another.
      this.onEvict = ignore;
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

    /** Evicts other reservations or itself if the budget is exceeded. @returns whether this reservation remains */
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

    #leave(): void {
      const index = this.#index;
      this.#index = GONE;
      const moved = arriving.pop() as BodyReservation;
      if (moved === this) return;
      arriving[index] = moved;
      moved.#index = index;
    }
  }

  return (request, headBytes = 0) => new BodyReservation(wasAccepted(request), headBytes);
}

function ignore(): void {}

/** Among equals, the requesting reservation is evicted. */
function isEvictedBefore(one: Reservation, other: Reservation): boolean {
  if (one.hasCredential !== other.hasCredential) return other.hasCredential;
  return one.bytes > other.bytes;
}
