import type { IncomingMessage } from 'node:http';
import { codedError, malformedRequest } from '../errors/coded-error.ts';

/**
 * Returns the body that code in front of the gateway, such as `express.json()`, left in `request.body`: as text, bytes or
 * parsed JSON. Parsed JSON is serialized again, so that it is counted and checked like any body.
 * @throws INTERNAL_SERVER_ERROR if there is no body; BAD_REQUEST if the parser lost digits
 */
export function bytesOfParsed(message: IncomingMessage): Uint8Array {
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

export const BODY_WAS_READ = codedError(
  'INTERNAL_SERVER_ERROR',
  'Code in front of the gateway has read the body of this request and not left it in req.body. Put the gateway before the body parser. Or leave the text, the bytes or the parsed JSON in the body of the node:http request (with Fastify: request.raw.body = request.body). Or give gateway.fetch a request with an unread body.',
  { http: { status: 500 } },
);

const LOST_DIGITS = malformedRequest(
  'The body has an integer past 2^53, which the body parser in front of the gateway cannot keep exactly. Send it as a string if the field accepts one, or put the gateway before the body parser.',
);

const TOO_DEEP = malformedRequest('The body is nested too deep. Nest it less.');
