import type { IncomingMessage } from 'node:http';
import type { ClientRequest } from '../client-request.ts';
import { OVERLOADED, requestError } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import { GrowingBuffer } from '../transport/body.ts';
import { BODY_WAS_READ, bytesOfParsed } from './parsed-body.ts';

/** Reserves memory for a request, and the bytes of its head. */
export type ReserveBody = (request: ClientRequest, headBytes?: number) => Reservation;

/** A value read from a body, with its approximate memory in bytes. */
interface Weighed {
  readonly weight: number;
}

interface BodyOptions<Read extends Weighed> {
  /** The largest body, in bytes. */
  readonly limit: number;
  /** Holds what the operation keeps when the body is read. Released if it cannot be read. */
  readonly held: Reservation;
  readonly reader: (bytes: Uint8Array) => Read;
}

/**
 * Reads the body of a request of node:http, counted while it arrives, and returns the reader's result.
 * @throws BODY_TOO_LARGE, by the content-length before reading; OVERLOADED; INTERNAL_SERVER_ERROR if the body was read
 * before and is gone; the reader's error
 */
export function readMessage<Read extends Weighed>(
  message: IncomingMessage,
  options: BodyOptions<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = gather(message.headers['content-length'], options, resolve, reject);
    // The connection broke while code in front of the gateway was busy. No later event will report it.
    if (message.destroyed && !wasRead(message)) return body.stop(CUT_OFF);
    if (wasRead(message)) {
      try {
        if (body.add(bytesOfParsed(message))) body.end();
      } catch (error) {
        body.stop(error);
      }
      return;
    }
    // After a refusal, the rest of the body is read and dropped, so that the client reaches the answer.
    const add = (chunk: Uint8Array) => {
      if (body.add(chunk) && options.held.pauses(() => message.resume())) message.pause();
    };
    message.on('data', add);
    const onEnd = () => {
      body.end();
      // The message lives as long as its answer takes, and would keep the listeners with their memory.
      message.off('data', add).off('end', onEnd).off('error', onCut).off('close', onCut);
      // Without a listener, a later error would end the process, for example an error of an HTTP/2 stream.
      message.on('error', ignore);
    };
    message.on('end', onEnd);
    const onCut = () => body.stop(CUT_OFF);
    message.on('error', onCut);
    // A request may be destroyed without an error.
    message.on('close', onCut);
    // Code in front of the gateway may have paused it.
    message.resume();
  });
}

/** Reads the body of a request of the Fetch API in the same way. */
export function readRequest<Read extends Weighed>(
  { headers, bodyUsed, body: chunks }: Request,
  options: BodyOptions<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = gather(headers.get('content-length'), options, resolve, reject);
    if (bodyUsed || chunks?.locked) return body.stop(BODY_WAS_READ);
    const read = async () => {
      for await (const chunk of chunks ?? []) {
        if (!body.add(chunk)) return;
        await new Promise<void>((resume) => {
          if (!options.held.pauses(resume)) resume();
        });
      }
      body.end();
    };
    // If the client leaves, the server fails the stream with its own error.
    read().catch(() => body.stop(CUT_OFF));
  });
}

const ignore = () => undefined;

export function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded;
}

function gather<Read extends Weighed>(
  announced: string | null | undefined,
  { limit, held, reader }: BodyOptions<Read>,
  resolve: (read: Read) => void,
  reject: (reason: unknown) => void,
) {
  let bytes: GrowingBuffer | undefined = new GrowingBuffer();
  const stop = (reason: unknown): void => {
    if (bytes === undefined) return;
    bytes = undefined;
    held.release();
    reject(reason);
  };
  held.onRefused = () => stop(OVERLOADED);
  if (Number(announced) > limit) stop(bodyTooLarge(limit));
  // The reservation of the head may have failed already.
  else if (held.isReleased) stop(OVERLOADED);
  return {
    stop,
    /** @returns whether it accepts more chunks */
    add(chunk: Uint8Array): boolean {
      if (bytes === undefined) return false;
      if (bytes.size + chunk.length > limit) stop(bodyTooLarge(limit));
      else if (held.take(chunk.length)) bytes.append(chunk);
      else stop(OVERLOADED);
      return bytes !== undefined;
    },
    end(): void {
      if (bytes === undefined) return;
      try {
        held.parsing();
        // Not through a promise, which would keep the bytes as long as the request.
        const read = reader(bytes.bytes());
        if (!held.hold(read.weight)) throw OVERLOADED;
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
