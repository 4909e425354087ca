import { getHeapStatistics } from 'node:v8';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ClientRequest } from '../client-request.ts';
import type { ClientOf, Turns } from './turns.ts';

/**
 * The measured maximum of heap bytes for one byte of a body. It covers the text, the parsed value and what is sent on, each
 * held twice while it is made.
 */
export const HEAP_PER_BYTE = 8;

/** The most bytes of all bodies together; half of the heap, if that is less. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A client may have this part of the memory beyond the half that is free for all. */
const SHARE_OF_CLIENT = 1 / 8;
/** So many bytes are parsed within a millisecond. */
const PARSED_AT_ONCE = 4 * 1024;

/** The most bytes of all bodies that the heap of this process can hold. */
export function mostBodyBytes(): number {
  return Math.min(MOST_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 2 / HEAP_PER_BYTE));
}

/**
 * Counts the memory of bodies that arrive and of what running operations keep of them. Bytes that are taken while less than half is
 * in use belong to no client. All others count for their client, so that one client never takes all.
 */
export class Memory {
  readonly turns: Turns;
  readonly clientOf: ClientOf;
  readonly #most: number;
  #bytes = 0;
  /** The bytes that count for each client. */
  readonly #ofClients = new Map<string, number>();

  constructor(clientOf: ClientOf, turns: Turns, mostBytes: number) {
    this.clientOf = clientOf;
    this.turns = turns;
    this.#most = mostBytes;
  }

  /** Reserves memory for a request. `headBytes`: the bytes of its head. */
  reserve(request: ClientRequest, headBytes = 0): Reservation {
    return new Reservation(this, request, headBytes);
  }

  /** Takes bytes, or gives them back if negative. @returns whether they belong to no client */
  take(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= this.#most / 2;
  }

  /** Counts bytes for a client. @returns whether the client may have them */
  count(client: string, bytes: number): boolean {
    const all = (this.#ofClients.get(client) ?? 0) + bytes;
    if (all > 0) this.#ofClients.set(client, all);
    else this.#ofClients.delete(client);
    return all <= SHARE_OF_CLIENT * this.#most && this.#bytes <= this.#most;
  }
}

/** The memory of one request: its head, its body as far as it has arrived, and later what its operation keeps of them. */
export class Reservation {
  /** Whether it was released or refused, so that it takes no more bytes. */
  isReleased = false;
  readonly #memory: Memory;
  readonly #request: ClientRequest;
  readonly #headBytes: number;
  #bytes = 0;
  /** How many of the bytes count for the client, which is named once some do. */
  #counted = 0;
  #client: string | undefined;

  constructor(memory: Memory, request: ClientRequest, headBytes: number) {
    this.#memory = memory;
    this.#request = request;
    this.#headBytes = headBytes;
    this.take(headBytes);
  }

  /** @returns false if there is no memory: the reservation is then released */
  take(bytes: number): boolean {
    if (this.isReleased) return false;
    this.#bytes += bytes;
    if (this.#memory.take(bytes)) return true;
    this.#client ??= this.#memory.clientOf(this.#request);
    this.#counted += bytes;
    if (this.#memory.count(this.#client, bytes)) return true;
    this.release();
    return false;
  }

  /**
   * Parses what has arrived: at once, unless it may take long, when it is the client's turn.
   * @throws OVERLOADED if too much of the client waits
   */
  inTurn<Parsed>(parse: () => Parsed): MaybePromise<Parsed> {
    return this.#bytes < PARSED_AT_ONCE ? parse() : this.#memory.turns.run(this.#request, parse);
  }

  /** The body is parsed: `bytes` is what the operation keeps of it. The head remains. @returns false as `take` */
  parsed(bytes: number): boolean {
    const more = this.#headBytes + bytes - this.#bytes;
    if (this.isReleased || more > 0) return this.take(more);
    this.#giveBack(-more);
    return true;
  }

  release(): void {
    this.isReleased = true;
    this.#giveBack(this.#bytes);
  }

  #giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#memory.take(-bytes);
    const counted = Math.min(bytes, this.#counted);
    if (this.#client === undefined || counted === 0) return;
    this.#counted -= counted;
    this.#memory.count(this.#client, -counted);
  }
}
