import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Connections } from './connections.ts';

/** How many requests of a stranger's connection may be under way. */
const MOST_UNDER_WAY = 10;
/** A stranger's connection with more requests without an answer is not read. */
const MOST_UNANSWERED = 16;

/**
 * Begins few requests of a stranger's connection at a time. A client may send hundreds at once, and their operations would
 * run in one turn of the event loop.
 */
export function fewAtOnce(
  connections: Connections,
  isAccepted: (socket: Socket) => boolean,
  begin: RequestListener,
): RequestListener {
  return (message, response) => {
    const { socket } = message;
    const unanswered = connections.on(socket)?.unanswered ?? [];
    const earlier = unanswered.at(-1 - MOST_UNDER_WAY);
    if (!earlier || isAccepted(socket)) return begin(message, response);
    if (unanswered.length > MOST_UNANSWERED) socket.pause();
    const onTurn = () => {
      if (unanswered.length <= MOST_UNANSWERED) socket.resume();
      // A process that stops may have refused it meanwhile.
      if (!socket.destroyed && !response.headersSent) begin(message, response);
      // Before Node 24, node:http closes only the first response when the client leaves.
      else if (socket.destroyed && !response.closed) {
        response.destroy();
        response.emit('close');
      }
    };
    // In a tick of its own: hundreds of responses may close each other.
    earlier.on('close', () => process.nextTick(onTurn));
  };
}
