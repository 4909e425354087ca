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
  const open = new Map<Socket, Set<ServerResponse>>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, new Set());
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const unanswered = open.get(socket);
    unanswered?.add(response);
    response.on('close', () => unanswered?.delete(response));
  });
  return {
    oldestOn: (socket) => open.get(socket)?.values().next().value,
    unanswered: () => [...open.values()].flatMap((responses) => [...responses]),
    silent: () => [...open.keys()].filter(({ bytesRead }) => bytesRead === 0),
  };
}
