import type { IncomingMessage } from 'node:http';
import { codedError, malformedRequest } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import { type BodyReader, CUT_OFF, gather, type Weighed } from './client-body.ts';

interface BodyOptions<Read extends Weighed> {
  /** The largest body, in bytes. */
  readonly limit: number;
  /** Holds what the operation keeps when the body is read. Released if it cannot be read. */
  readonly held: Reservation;
  readonly reader: BodyReader<Read>;
}

/**
 * Reads the body of a request of node:http, counted while it arrives, and returns the reader's result.
 * @throws BODY_TOO_LARGE, by the content-length before reading; OVERLOADED; INTERNAL_SERVER_ERROR if the body was read
 * before and is gone; the reader's error
 */
export function readMessage<Read extends Weighed>(
  message: IncomingMessage,
  { limit, held, reader }: BodyOptions<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = gather(message.headers['content-length'], limit, held, reader, resolve, reject);
    // The connection broke while code in front of the gateway was busy. No later event tells that.
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
      if (body.add(chunk) && held.pauses(() => message.resume())) message.pause();
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
  { limit, held, reader }: BodyOptions<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = gather(headers.get('content-length'), limit, held, reader, resolve, reject);
    if (bodyUsed || chunks?.locked) return body.stop(BODY_WAS_READ);
    const read = async () => {
      for await (const chunk of chunks ?? []) if (!body.add(chunk)) return;
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

/**
 * Returns the body that code in front of the gateway, such as `express.json()`, left in `request.body`: as text, bytes or
 * parsed JSON. Parsed JSON is serialized again, so that it is counted and checked like any body.
 * @throws INTERNAL_SERVER_ERROR if there is no body; BAD_REQUEST if the parser lost digits
 */
function bytesOfParsed(message: IncomingMessage): Uint8Array {
  const { body } = message as { readonly body?: unknown };
  if (body instanceof Uint8Array) return body;
  const text = typeof body === 'string' ? body : writeParsed(body);
  if (text === undefined) throw BODY_WAS_READ;
  return Buffer.from(text);
}

function writeParsed(body: unknown): string | undefined {
  try {
    return JSON.stringify(body, keepDigits);
  } catch (error) {
    if (error === LOST_DIGITS) throw error;
    // Only a malicious client nests so deep.
    throw error instanceof RangeError ? TOO_DEEP : BODY_WAS_READ;
  }
}

/** An integer past 2^53 may have had other digits before parsing. */
function keepDigits(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw LOST_DIGITS;
  return value;
}

const BODY_WAS_READ = codedError(
  'INTERNAL_SERVER_ERROR',
  'Code in front of the gateway has read the body of this request and not left it in req.body. Put the gateway before the body parser. Or leave the text, the bytes or the parsed JSON in the body of the node:http request (with Fastify: request.raw.body = request.body). Or give gateway.fetch a request with an unread body.',
  { http: { status: 500 } },
);

const LOST_DIGITS = malformedRequest(
  'The body has an integer past 2^53, which the body parser in front of the gateway cannot keep exactly. Send it as a string if the field accepts one, or put the gateway before the body parser.',
);

const TOO_DEEP = malformedRequest('The body is nested too deep. Nest it less.');
