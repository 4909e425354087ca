import { getHeapStatistics } from 'node:v8';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { ClientRequest } from '../client-request.ts';
import type { Client, Group } from './client.ts';
import type { Turns } from './turns.ts';

/**
 * The measured maximum of heap bytes for one byte of a body. It covers the text, the parsed value and what is sent on, each
 * held twice while it is made.
 */
export const HEAP_PER_BYTE = 8;

/** The most bytes of all bodies together; half of the heap, if that is less. */
const MOST_BYTES = 64 * 1024 * 1024;
/** A client may have this part of the bytes. */
const SHARE_OF_CLIENT = 1 / 4;
/** A single body may be larger, beside this part for heads and small bodies. */
const SHARE_BESIDE = 1 / 64;
/** So many bytes are parsed within a millisecond. */
const PARSED_AT_ONCE = 4 * 1024;

/** The most bytes of all bodies that the heap of this process can hold. */
export function mostBodyBytes(): number {
  return Math.min(MOST_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 2 / HEAP_PER_BYTE));
}

/**
 * Counts the memory of bodies that arrive and of what running operations keep of them. A client gets a quarter, or one large body.
 * If its group has used up its share, the client with the most gives way, as far as its bodies still arrive.
 */
export function createMemory(groups: readonly Group[], mostBytes: number) {
  const isOverShare = ({ share, bytes }: Group) => bytes > share * mostBytes;
  const isFull = () => groups.reduce((sum, { bytes }) => sum + bytes, 0) > mostBytes;

  /**
   * Refuses the newest arriving body of the client that has the most bytes, in a group that has more than its share, else in
   * the group of the given client. @returns false if that is the given client
   */
  const makeRoom = (client: Client): boolean => {
    const group = groups.find(isOverShare) ?? client.group;
    const largest = group.largest(({ arriving, bytes }) => (arriving.size > 0 ? bytes : 0));
    const newest = largest && [...largest.arriving].at(-1);
    if (!newest || (group === client.group && largest.bytes <= client.bytes)) return false;
    newest.refuse();
    return true;
  };

  return {
    /** Whether there is memory for what the client has, after others have given way. `bytes`: what one of its requests has of it. */
    hasRoom(client: Client, bytes: number): boolean {
      const { group } = client;
      const isAlone = client.bytes - bytes <= SHARE_BESIDE * mostBytes;
      if (!isAlone && client.bytes > SHARE_OF_CLIENT * mostBytes) return false;
      while (isFull() || (isOverShare(group) && group.bytes > bytes)) if (!makeRoom(client)) return false;
      return true;
    },
  };
}

type Memory = ReturnType<typeof createMemory>;

/** The memory of one request: its head, its body as far as it has arrived, and later what its operation keeps of them. */
export class Reservation {
  /** Whether it was released or refused, so that it takes no more bytes. */
  isReleased = false;
  /** Called when another client needs the memory while the body arrives. The receiver must drop its bytes. */
  onRefused: () => void = () => undefined;
  readonly #memory: Memory;
  readonly #turns: Turns;
  readonly #request: ClientRequest;
  readonly #client: Client;
  readonly #headBytes: number;
  #bytes = 0;

  constructor(memory: Memory, turns: Turns, request: ClientRequest, client: Client, headBytes: number) {
    this.#memory = memory;
    this.#turns = turns;
    this.#request = request;
    this.#client = client;
    this.#headBytes = headBytes;
    client.requests += 1;
    client.arriving.add(this);
    this.take(headBytes);
  }

  /** @returns false if there is no memory: the reservation is then released */
  take(bytes: number): boolean {
    if (this.isReleased) return false;
    this.#resize(this.#bytes + bytes);
    if (this.#memory.hasRoom(this.#client, this.#bytes)) return true;
    this.release();
    return false;
  }

  /**
   * Parses what has arrived: at once, unless it may take long, when it is the client's turn.
   * @throws OVERLOADED if too much of the client waits
   */
  inTurn<Parsed>(parse: () => Parsed): MaybePromise<Parsed> {
    return this.#bytes < PARSED_AT_ONCE ? parse() : this.#turns.run(this.#request, parse);
  }

  /** Ends the arrival: the head and these bytes remain. Later it adds bytes. @returns false as `take` */
  hold(bytes: number): boolean {
    if (this.#client.arriving.delete(this)) this.#resize(this.#headBytes);
    return this.take(bytes);
  }

  refuse(): void {
    this.release();
    this.onRefused();
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.#client.requests -= 1;
    this.#client.arriving.delete(this);
    this.#resize(0);
    this.#client.group.forget(this.#client);
  }

  #resize(bytes: number): void {
    this.#client.bytes += bytes - this.#bytes;
    this.#client.group.bytes += bytes - this.#bytes;
    this.#bytes = bytes;
  }
}
