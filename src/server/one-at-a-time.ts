import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Connections } from './connections.ts';

/** A connection with more requests without an answer is not read. */
const MOST_UNANSWERED = 16;

/**
 * Begins the requests of a connection one after the other. A client may send hundreds at once, and their answers would wait
 * in memory for the first.
 */
export function oneAtATime(connections: Connections, begin: RequestListener): RequestListener {
  const beginWaiting = (message: IncomingMessage, response: ServerResponse) => {
    const { socket } = message;
    // A process that stops may have refused it in the meantime.
    if (!response.headersSent) begin(message, response);
    // Before Node 24, node:http closes only the first response when the client leaves.
    if (!socket.destroyed || response.closed) return;
    response.destroy();
    response.emit('close');
  };
  return (message, response) => {
    const { socket } = message;
    // The connection was closed for sending too many requests.
    if (socket.destroyed) return;
    const unanswered = connections.on(socket)?.unanswered ?? [];
    const before = unanswered.at(-2);
    if (!before) return begin(message, response);
    // The listener counts the time from here.
    Object.assign(message, { arrivedAt: performance.now() });
    if (unanswered.length > MOST_UNANSWERED) socket.pause();
    const onTurn = () => {
      if (unanswered.length <= MOST_UNANSWERED) socket.resume();
      beginWaiting(message, response);
    };
    // In the next tick: hundreds of refusals at once would keep other connections waiting.
    before.on('close', () => setImmediate(onTurn));
  };
}
