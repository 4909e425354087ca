import type { Server, ServerResponse } from 'node:http';
import { requestError } from '../errors.ts';
import { errorAnswer, sendAnswer } from './answer.ts';
import type { Connections } from './connections.ts';
import { nameRequest, REQUEST_ID, requestIdFor } from './request-id.ts';

const SWEEP_INTERVAL_MS = 20;
/** How long the last answers may take to leave before their sockets are closed. */
const FLUSH_MS = 500;

/**
 * Closes a server without dropping what it has begun: the listener at once, each connection after its answer. What is not
 * answered within `graceMs` gets SHUTTING_DOWN, or is cut if its answer has begun.
 */
export function drain(server: Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A socket falls idle only after its last answer: look again until all are closed.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS);
    const cut = setTimeout(() => {
      connections.unanswered().forEach(cutShort);
      flush = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
    }, graceMs);
    let flush: NodeJS.Timeout | undefined;
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      clearTimeout(flush);
      resolve();
    });
    for (const response of connections.unanswered()) response.shouldKeepAlive = false;
    server.closeIdleConnections();
    for (const socket of connections.silent()) socket.destroy();
  });
}

/** Refuses a request that arrived on an open connection after the listener was closed. */
export function refuseWhileDraining(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  nameRequest(response, requestIdFor(response.req.headers[REQUEST_ID]));
  const error = requestError(
    'SHUTTING_DOWN',
    503,
    'The gateway is shutting down and has not begun this operation. Send it again on a new connection.',
  );
  sendAnswer(response, errorAnswer(error, response.req.headers.accept));
}

function cutShort(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.shouldKeepAlive = false;
  const error = requestError(
    'SHUTTING_DOWN',
    503,
    'The gateway is shutting down and could not wait for this operation. Whether a mutation in it was carried out is unknown: read the script before you try again.',
  );
  sendAnswer(response, errorAnswer(error, response.req.headers.accept));
}
