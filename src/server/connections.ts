import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The open connections of a server, each with the requests on it that are not answered in full. */
export interface Connections {
  /** The request whose answer is due next on a connection. */
  oldestOn(socket: Socket): ServerResponse | undefined;
  unanswered(): readonly ServerResponse[];
  /** Those on which nothing has been sent yet; Node does not count them as idle. */
  silent(): readonly Socket[];
}

/** Watches a server from its first connection on. */
export function watchConnections(server: Server): Connections {
  // Lists: a Set whose entries come and go grows new tables, and the old ones keep what they held.
  const open = new Map<Socket, ServerResponse[]>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, []);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const unanswered = open.get(socket);
    unanswered?.push(response);
    response.on('close', () => unanswered?.splice(unanswered.indexOf(response), 1));
  });
  return {
    oldestOn: (socket) => open.get(socket)?.[0],
    unanswered: () => [...open.values()].flat(),
    silent: () => [...open.keys()].filter(({ bytesRead }) => bytesRead === 0),
  };
}
