import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** An open connection, with the requests on it that are not answered in full, in their order. */
export interface OpenConnection {
  readonly socket: Socket;
  readonly unanswered: ServerResponse[];
  /** How many of its requests have offered another protocol, in vain. */
  offers: number;
}

/** The open connections of a server. */
export interface Connections {
  all(): Iterable<OpenConnection>;
  /** The request whose answer is due next on a connection. */
  oldestOn(socket: Socket): ServerResponse | undefined;
  on(socket: Socket): OpenConnection | undefined;
  unanswered(): readonly ServerResponse[];
  /** Those on which nothing has been sent yet; Node does not count them as idle. */
  silent(): readonly Socket[];
}

/** Watches a server from its first connection on. */
export function watchConnections(server: Server): Connections {
  const open = new Map<Socket, OpenConnection>();
  server.on('connection', (socket: Socket) => {
    // A socket comes anew after a protocol was offered on it.
    if (open.has(socket)) return;
    // A list: a Set whose entries come and go grows new tables, and the old ones keep what they held.
    open.set(socket, { socket, unanswered: [], offers: 0 });
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const unanswered = open.get(socket)?.unanswered;
    unanswered?.push(response);
    response.on('close', () => unanswered?.splice(unanswered.indexOf(response), 1));
  });
  return {
    all: () => open.values(),
    oldestOn: (socket) => open.get(socket)?.unanswered[0],
    on: (socket) => open.get(socket),
    unanswered: () => [...open.values()].flatMap(({ unanswered }) => unanswered),
    silent: () => [...open.keys()].filter(({ bytesRead }) => bytesRead === 0),
  };
}
