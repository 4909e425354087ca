import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import { COMMON_HEADERS, errorResponse, REQUEST_ID, requestIdFor } from '../http/response.ts';

/** Not HTTP, too large a head, or too slow: closes the socket. `unanswered`: requests that wait for an answer. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  unanswered: readonly ServerResponse[] = [],
): void {
  if (socket.writableEnded) return;
  const last = unanswered.findLast(({ req }) => req.complete);
  if (last) {
    // The next request on this socket is broken, but earlier requests still get their answers.
    last.shouldKeepAlive = false;
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable || unanswered[0]?.headersSent) {
    socket.destroy(error);
    return;
  }
  socket.end(rawResponse(refusalFor(error.code)), () => socket.destroy());
}

function refusalFor(code = ''): GraphQLError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestError(
        'REQUEST_TIMEOUT',
        408,
        'The request took too long to arrive. Send it again.',
        {},
        { outcome: 'NOT_EXECUTED' },
      );
    case 'HPE_HEADER_OVERFLOW':
      return requestError(
        'BAD_REQUEST',
        431,
        'The request line and headers are too large. Send the operation by POST, with fewer or shorter headers.',
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
