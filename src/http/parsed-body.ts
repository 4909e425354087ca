import type { IncomingMessage } from 'node:http';
import { codedError, malformedRequest } from '../errors/coded-error.ts';

/**
 * The bytes of a body that something in front of the gateway, such as `express.json()`, has read and left in `request.body`:
 * as a text, as bytes, or parsed. A parsed one is written as JSON again, so that it is counted and checked as any other.
 * @throws INTERNAL_SERVER_ERROR that says what to do, when it is not there; BAD_REQUEST when it has lost digits
 */
export function bytesOfParsed(request: IncomingMessage): Uint8Array {
  const { body } = request as { readonly body?: unknown };
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
    // As deep as only a client nests it.
    throw error instanceof RangeError ? TOO_DEEP : BODY_WAS_READ;
  }
}

/** An integer past 2^53 may have been another one before it was parsed. */
function keepDigits(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw LOST_DIGITS;
  return value;
}

export const BODY_WAS_READ = codedError(
  'INTERNAL_SERVER_ERROR',
  'Something in front of the gateway has read the body of this request and not left it in req.body. Put the gateway before the body parser; or leave the text, the bytes or the parsed JSON in the body of the node:http request (with Fastify: request.raw.body = request.body); or give gateway.fetch a request whose body nobody has read.',
  { http: { status: 500 } },
);

const LOST_DIGITS = malformedRequest(
  'The body holds an integer past 2^53, which the body parser in front of the gateway cannot keep exactly. Send it as a string where the field takes one, or put the gateway before the body parser.',
);

const TOO_DEEP = malformedRequest('The body is nested too deep. Nest it less.');
