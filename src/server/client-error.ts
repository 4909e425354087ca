import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import { COMMON_HEADERS, errorResponse, REQUEST_ID, requestIdFor } from '../http/response.ts';

/**
 * Closes the socket of a request that is not HTTP, has too large a head, or is too slow. `unanswered`: requests that wait
 * for an answer.
 */
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
  // The line of an operation that has begun has the id of its request.
  const requestId = requestIdFor(unanswered[0]?.req.headers[REQUEST_ID]);
  const { status, headers, body } = errorResponse(refusalFor(error.code));
  socket.end(rawResponse(status, { ...headers, [REQUEST_ID]: requestId }, body), () => socket.destroy());
}

const NO_HTTP = 'This is not an HTTP/1.1 request. Send the operation by HTTP POST.';
const LARGE_HEAD =
  'The request line and headers are too large. Send the operation by POST, with fewer or shorter headers.';
const LATE = 'The request took too long to arrive. Send it again.';

function refusalFor(code = ''): GraphQLError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return requestError('REQUEST_TIMEOUT', 408, LATE, {}, { outcome: 'NOT_EXECUTED' });
  if (code === 'HPE_HEADER_OVERFLOW') return requestError('BAD_REQUEST', 431, LARGE_HEAD);
  return requestError('BAD_REQUEST', 400, NO_HTTP);
}

function rawResponse(status: number, headers: Readonly<Record<string, string>>, body: string): string {
  const all = {
    ...COMMON_HEADERS,
    ...headers,
    connection: 'close',
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}
