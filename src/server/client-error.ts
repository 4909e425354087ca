import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import { COMMON_HEADERS, errorResponse, REQUEST_ID, requestIdFor } from '../http/response.ts';

/**
 * Answers what is not HTTP, too large a head or too slow, where there is no request to answer to, and closes the socket.
 * `current` is the request of this socket that is being answered, if any.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  current: ServerResponse | undefined,
): void {
  if (socket.writableEnded) return;
  if (current?.req.complete) {
    // The next request on this socket is broken, not this one: it gets its answer first.
    current.shouldKeepAlive = false;
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable || current?.headersSent) {
    socket.destroy(error);
    return;
  }
  socket.end(rawResponse(refusalFor(error.code)), () => socket.destroy());
}

function refusalFor(code = ''): GraphQLError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestError('REQUEST_TIMEOUT', 408, 'The request took too long to arrive. Send it again.');
    case 'HPE_HEADER_OVERFLOW':
      return requestError(
        'BAD_REQUEST',
        431,
        'The request line and headers are too large. Send the operation by POST, and fewer or shorter headers.',
      );
    default:
      return requestError(
        'BAD_REQUEST',
        400,
        'This is not an HTTP/1.1 request. Send the operation by HTTP POST.',
      );
  }
}

function rawResponse(error: GraphQLError): string {
  const { status, headers, body } = errorResponse(error);
  const all = {
    ...COMMON_HEADERS,
    ...headers,
    connection: 'close',
    [REQUEST_ID]: requestIdFor(undefined),
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
