import type { Server, ServerResponse } from 'node:http';
import { requestError } from '../errors/coded-error.ts';
import { type CorsHeaders, SHUTTING_DOWN } from '../http/guards.ts';
import { nodeRequest } from '../http/http-request.ts';
import { errorResponse, REQUEST_ID, requestIdFor, sendResponse } from '../http/response.ts';
import type { Connections } from './connections.ts';

const SWEEP_INTERVAL_MS = 20;
/** How long the last answers may take to leave before their sockets are closed. */
const FLUSH_MS = 500;

/**
 * The listener closes at once, each connection after its answer. A request without an answer within `graceMs` gets
 * SHUTTING_DOWN; an answer that has begun is cut.
 */
export function drain(
  server: Server,
  connections: Connections,
  { graceMs, cors }: { readonly graceMs: number; readonly cors: CorsHeaders | undefined },
): Promise<void> {
  // Node's own version, which server.close also calls, counts an answer as sent when it is written, and would cut it.
  server.closeIdleConnections = () => {
    for (const socket of connections.idle()) socket.destroy();
  };
  return new Promise((resolve) => {
    // A socket is idle only after its last answer, so this looks again until all sockets are closed.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
    const cut = setTimeout(() => {
      for (const { unanswered } of connections.all()) {
        // A connection has one request under way; the others have not begun.
        const [begun, ...waiting] = unanswered;
        if (begun) cutShort(begun, cors);
        for (const response of waiting) refuseWhileDraining(response, cors);
      }
      flush = setTimeout(() => {
        server.closeAllConnections();
        // The server does not count WebSockets as its connections.
        for (const { socket } of connections.all()) socket.destroy();
      }, FLUSH_MS);
    }, graceMs);
    let flush: NodeJS.Timeout | undefined;
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      clearTimeout(flush);
      whenAllKnow(connections, resolve);
    });
    // Each answer closes its connection, as no further request would be answered.
    for (const { unanswered } of connections.all()) {
      const last = unanswered.at(-1);
      if (last) last.shouldKeepAlive = false;
    }
    server.closeIdleConnections();
  });
}

/** The server closes before its last sockets emit `close`. Their listeners run in the same tick. */
function whenAllKnow(connections: Connections, done: () => void): void {
  const [open] = connections.all();
  if (open) setImmediate(whenAllKnow, connections, done);
  else setImmediate(done);
}

function cutShort(response: ServerResponse, cors: CorsHeaders | undefined): void {
  if (response.headersSent) response.destroy();
  else refuseWhileDraining(response, cors, CUT_SHORT);
}

const CUT_SHORT = requestError(
  'SHUTTING_DOWN',
  503,
  'The gateway is shutting down and could not wait for this operation. If it was a mutation, whether it was carried out is unknown: read the object before you try again.',
  {},
  { outcome: 'UNKNOWN' },
);

/** By default a request after the listener was closed. Pages of allowed origins can read the refusal. */
export function refuseWhileDraining(
  response: ServerResponse,
  cors: CorsHeaders | undefined,
  error = SHUTTING_DOWN,
): void {
  const request = nodeRequest(response.req);
  const { headers, ...refusal } = errorResponse(error, request.header('accept'));
  const answer = { ...refusal, headers: { ...headers, ...cors?.(request, headers.vary) } };
  sendResponse(response, answer, requestIdFor(request.header(REQUEST_ID)));
}
