import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { Connections, OpenConnection } from './connections.ts';

export interface StrangersOptions {
  /** Whether a connection has sent an accepted credential. Default: no connection has. */
  readonly isAccepted?: (socket: Socket) => boolean;
  /** How many connections without an accepted credential may be open. Default: as many as the heap has room for. */
  readonly maxStrangers?: number;
}

/** Several times what Node.js keeps of the largest head, complete or not, measured: 75 kB. */
const HEAP_PER_STRANGER = 512 * 1024;
/** How many connections are closed at once beyond the limit, as a part of it: a search looks at all of them. */
const AT_ONCE = 1 / 16;

/**
 * Closes connections without an accepted credential when too many are open: a flood of them with large heads would fill the
 * heap. The connections that have waited longest for a request are closed first.
 */
export function limitStrangers(server: Server, connections: Connections, options: StrangersOptions): void {
  const { isAccepted = () => false } = options;
  const { maxStrangers = Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_STRANGER) } = options;
  /** So many connections may be opened before there can be too many. */
  let room = maxStrangers;
  server.on('connection', () => {
    room -= 1;
    if (room >= 0) return;
    const strangers = [...connections.all()].filter(({ socket }) => !socket.destroyed && !isAccepted(socket));
    room = maxStrangers - strangers.length;
    if (room >= 0) return;
    const excess = Math.floor(AT_ONCE * maxStrangers) - room;
    for (const { socket } of strangers.sort(byWait).slice(0, excess)) socket.destroy();
    room += excess;
  });
}

/** A connection comes last whose request has arrived in full, and a WebSocket: their memory is counted. */
function byWait(one: OpenConnection, other: OpenConnection): number {
  return Number(hasArrived(one)) - Number(hasArrived(other)) || one.turn - other.turn;
}

function hasArrived({ unanswered, isUpgraded }: OpenConnection): boolean {
  return isUpgraded || unanswered.some(({ req }) => req.complete);
}
