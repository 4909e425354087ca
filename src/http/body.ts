import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { GrowingBuffer } from '../base/bytes.ts';
import { OVERLOADED, requestError } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import { BODY_WAS_READ, bytesOfParsed } from './parsed-body.ts';

interface BodyOptions<Read> {
  /** The largest body, in bytes. */
  readonly limit: number;
  /** Holds what the operation keeps when the body is read. Released if it cannot be read. */
  readonly held: Reservation;
  /** Gives what is kept of a body, with its approximate memory in bytes. */
  readonly reader: (bytes: Uint8Array) => Read & { readonly weight: number };
}

/**
 * Reads the body of a request of node:http, and returns the reader's result.
 * @throws BODY_TOO_LARGE, by the content-length before reading; OVERLOADED; INTERNAL_SERVER_ERROR if the body was read
 * before and is gone; the reader's error
 */
export async function readMessage<Read>(message: IncomingMessage, options: BodyOptions<Read>): Promise<Read> {
  const body = wasRead(message) ? Readable.from([bytesOfParsed(message)]) : message;
  return readBody(body, message.headers['content-length'], options);
}

/** Reads the body of a request of the Fetch API in the same way. */
export async function readRequest<Read>(request: Request, options: BodyOptions<Read>): Promise<Read> {
  if (request.bodyUsed || request.body?.locked) throw BODY_WAS_READ;
  // One chunk at a time, because chunks that are read ahead are not counted.
  const body = Readable.from(request.body ?? [], { highWaterMark: 1 });
  return readBody(body, request.headers.get('content-length'), options).finally(() => body.destroy());
}

export function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded;
}

/** Counts a body while it arrives. `announced`: its length, as its client says. */
function readBody<Read>(
  body: Readable,
  announced: string | null | undefined,
  { limit, held, reader }: BodyOptions<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    let bytes: GrowingBuffer | undefined = new GrowingBuffer();
    const stop = (reason: unknown): void => {
      if (bytes === undefined) return;
      bytes = undefined;
      held.release();
      reject(reason);
    };
    const cut = () => stop(CUT_OFF);
    const add = (chunk: Uint8Array): void => {
      // After a refusal, the rest of the body is read and dropped, so that the client reaches the answer.
      if (bytes === undefined) return;
      if (bytes.size + chunk.length > limit) stop(bodyTooLarge(limit));
      else if (!held.take(chunk.length)) stop(OVERLOADED);
      else bytes.append(chunk);
    };
    const end = (): void => {
      // The message lives as long as its answer takes, and would keep the listeners with their memory.
      body.off('data', add).off('end', end).off('error', cut).off('close', cut);
      // Without a listener, a later error would end the process, for example an error of an HTTP/2 stream.
      body.on('error', ignore);
      const parsing = bytes && held.inTurn(parse);
      if (parsing instanceof Promise) parsing.catch(stop);
    };
    const parse = (): void => {
      if (bytes === undefined) return;
      try {
        // Not through a promise, which would keep the bytes as long as the request.
        const read = reader(bytes.bytes());
        if (!held.parsed(read.weight)) throw OVERLOADED;
        bytes = undefined;
        resolve(read);
      } catch (error) {
        stop(error);
      }
    };
    if (Number(announced) > limit) stop(bodyTooLarge(limit));
    // The reservation of the head may have failed already.
    else if (held.isReleased) stop(OVERLOADED);
    // The connection broke while code in front of the gateway was busy. No later event will report it.
    else if (body.destroyed) cut();
    // A request may be destroyed without an error.
    body.on('data', add).on('end', end).on('error', cut).on('close', cut);
    // Code in front of the gateway may have paused it.
    body.resume();
  });
}

const ignore = () => undefined;

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
