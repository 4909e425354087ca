import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { headBytesOf } from '../http/http-request.ts';

export interface OpenConnection {
  readonly socket: Socket;
  unanswered: ServerResponse[];
  /** How many of its requests have offered another protocol in vain. */
  offers: number;
  isUpgraded: boolean;
  /** The bytes that had arrived when its last request was answered. More mean that another request arrives. */
  readBytes: number;
  /** Grows with each connection and each answer. The connection with the smallest turn has waited longest for a request. */
  turn: number;
}

export type Connections = ReturnType<typeof watchConnections>;

/** Twice the measured heap of a small waiting request. A client may send thousands at once on one connection. */
const HEAP_PER_REQUEST = 32 * 1024;

/** If more requests arrive in a tick, other connections are read in the next one. */
const MOST_IN_TURN = 1_000;

/**
 * Closes a connection that sends further requests before its answers while the heap is full. Node.js makes all requests that
 * are in a chunk of 64 kB, and reads hundreds of connections in one tick, so their number is bounded too.
 */
export function watchConnections(server: Server) {
  const limitTurn = limitRequestsInTurn(() => open.keys());
  const open = new Map<Socket, OpenConnection>();
  const heapBytes = getHeapStatistics().heap_size_limit;
  let held = 0;
  let turn = 0;
  server.on('connection', (socket: Socket) => {
    // A socket appears again after it offered another protocol.
    if (open.has(socket)) return;
    // At an upgrade node:http takes its own listener off, and a write that was begun before may still fail. An error without a listener
    // ends the process. `close` follows each error.
    socket.on('error', ignore);
    // Uses an array instead of a Set. A Set whose entries come and go makes new tables, and the old tables keep their
    // entries alive.
    turn += 1;
    open.set(socket, { socket, unanswered: [], offers: 0, isUpgraded: false, readBytes: 0, turn });
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (message: IncomingMessage, response: ServerResponse) => {
    const { socket } = message;
    const connection = open.get(socket);
    if (!connection) return;
    const { unanswered } = connection;
    limitTurn();
    if (held >= heapBytes && unanswered.length > 0) socket.destroy();
    if (socket.destroyed) return;
    // A connection has room for one large head.
    const bytes = HEAP_PER_REQUEST + (unanswered.length > 0 ? 2 * headBytesOf(message) : 0);
    held += bytes;
    // An array that begins empty reserves room for 17 responses. Most connections have a single response.
    if (unanswered.length === 0) connection.unanswered = [response];
    else unanswered.push(response);
    // Not `once`, which would keep 200 bytes more while the request waits.
    response.on('close', () => {
      const index = connection.unanswered.indexOf(response);
      if (index < 0) return;
      held -= bytes;
      connection.unanswered.splice(index, 1);
      turn += 1;
      connection.turn = turn;
      connection.readBytes = socket.bytesRead;
    });
  });
  return {
    all: (): Iterable<OpenConnection> => open.values(),
    on: (socket: Socket) => open.get(socket),
    unanswered: () => [...open.values()].flatMap(({ unanswered }) => unanswered),
    /** The sockets on which no request arrives and whose last answer has left. */
    idle: () =>
      [...open.values()]
        .filter(({ socket, unanswered, isUpgraded, readBytes }) => {
          return unanswered.length === 0 && !isUpgraded && socket.bytesRead === readBytes;
        })
        .map(({ socket }) => socket),
  };
}

function ignore(): void {}

/** @returns a function to call with each request */
function limitRequestsInTurn(sockets: () => Iterable<Socket>): () => void {
  let requests = 0;
  let unread: Socket[] = [];
  const endTurn = () => {
    requests = 0;
    for (const socket of unread) socket.resume();
    unread = [];
  };
  return () => {
    requests += 1;
    if (requests === 1) setImmediate(endTurn);
    if (requests !== MOST_IN_TURN) return;
    unread = [...sockets()].filter((socket) => !socket.isPaused());
    for (const socket of unread) socket.pause();
  };
}
