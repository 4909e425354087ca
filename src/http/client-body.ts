import type { ClientRequest } from '../client-request.ts';
import { OVERLOADED, requestError } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import { GrowingBuffer } from '../transport/body.ts';

/** A value read from a body, with its approximate memory in bytes. */
export interface Weighed {
  readonly weight: number;
}

/** Reserves memory for a request, and the bytes of its head. */
export type ReserveBody = (request: ClientRequest, headBytes?: number) => Reservation;

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
  reservation.onRefused = () => stop(OVERLOADED);
  if (Number(announced) > limit) stop(bodyTooLarge(limit));
  // The reservation of the head may have failed already.
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
