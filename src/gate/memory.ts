import { getHeapStatistics } from 'node:v8';
import type { ArrivingBody, Client, Group } from './client.ts';
import { createParsingTurns } from './parsing-turns.ts';

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

/** The most bytes of all bodies that the heap of this process can hold. */
export function mostBodyBytes(): number {
  return Math.min(MOST_BYTES, Math.floor(getHeapStatistics().heap_size_limit / 2 / HEAP_PER_BYTE));
}

/** The memory of one request: its head, its body as far as it has arrived, and later what its operation keeps of them. */
export interface Reservation {
  /** Whether it was released or refused, so that it takes no more bytes. */
  readonly isReleased: boolean;
  /** Called when another client needs the memory while the body arrives. The receiver must drop its bytes. */
  onRefused: () => void;
  /** @returns false if there is no memory: the reservation is then released */
  take(bytes: number): boolean;
  /** The body has arrived and is about to be parsed. */
  parsing(): void;
  /** @returns whether the body is to be read on only when `resume` is called, because others are parsed in this turn */
  pauses(resume: () => void): boolean;
  /** Ends the arrival: the head and these bytes remain. Later it adds bytes. @returns false as `take` */
  hold(bytes: number): boolean;
  release(): void;
}

/**
 * Counts the memory of bodies that arrive and of what running operations keep of them. A client gets a quarter, or one large body.
 * If its group has used up its share, the client with the most gives way, as far as its bodies still arrive.
 */
export function createMemory(groups: readonly Group[], mostBytes: number) {
  const turns = createParsingTurns();
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

  return (client: Client, headBytes: number): Reservation => {
    const { group } = client;
    let bytes = 0;
    const body: ArrivingBody = {
      refuse() {
        reservation.release();
        reservation.onRefused();
      },
    };
    const resize = (to: number): void => {
      client.bytes += to - bytes;
      group.bytes += to - bytes;
      bytes = to;
    };
    /** @returns whether there is memory for so many bytes, after others have given way */
    const grow = (to: number): boolean => {
      resize(to);
      const isAlone = client.bytes - bytes <= SHARE_BESIDE * mostBytes;
      let hasRoom = isAlone || client.bytes <= SHARE_OF_CLIENT * mostBytes;
      while (hasRoom && (isFull() || (isOverShare(group) && group.bytes > bytes))) hasRoom = makeRoom(client);
      if (!hasRoom) reservation.release();
      return hasRoom;
    };
    const reservation = {
      isReleased: false,
      onRefused: () => undefined,
      take: (more: number) => !reservation.isReleased && grow(bytes + more),
      parsing: () => turns.parsing(bytes),
      pauses: (resume: () => void) => turns.pauses({ size: bytes, resume }),
      hold(more: number) {
        if (reservation.isReleased) return false;
        const kept = client.arriving.delete(body) ? headBytes : bytes;
        resize(kept);
        return grow(kept + more);
      },
      release() {
        if (reservation.isReleased) return;
        reservation.isReleased = true;
        client.requests -= 1;
        client.arriving.delete(body);
        resize(0);
        group.forget(client);
      },
    };
    client.requests += 1;
    client.arriving.add(body);
    grow(headBytes);
    return reservation;
  };
}
