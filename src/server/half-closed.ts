import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Connections } from './connections.ts';

/** When the second look follows the first: the word that nobody is there has come back by then. */
const SECOND_LOOK_MS = 50;

/**
 * Answers clients that have closed their side of a connection after their requests, which node:http takes for gone. One that
 * is gone looks the same until something is sent to it. The system then says so, and the next time that something is sent
 * the connection breaks. So "100 Continue" is sent, which every client of HTTP/1.1 reads past.
 * @returns a further look at all connections, to be called from time to time
 */
export function answerHalfClosed(server: Server, connections: Connections): () => void {
  // It is no option of the server's, but what it goes by.
  Object.assign(server, { httpAllowHalfOpen: true });
  const probe = (socket: Socket) => {
    const response = connections.oldestOn(socket);
    if (!socket.readableEnded || response === undefined || response.headersSent) return;
    if (response.req.httpVersion === '1.1') response.writeContinue();
  };
  server.on('connection', (socket: Socket) => {
    socket.once('end', () => {
      probe(socket);
      setTimeout(probe, SECOND_LOOK_MS, socket).unref();
    });
  });
  return () => {
    for (const { socket } of connections.all()) probe(socket);
  };
}
