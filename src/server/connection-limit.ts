import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { Connections, OpenConnection } from './connections.ts';

export interface ConnectionLimitOptions {
  /** Whether a connection has sent an accepted credential. By default no connection has. */
  readonly isAccepted?: (socket: Socket) => boolean;
  /** How many connections without an accepted credential may be open. By default as many as the heap can hold. */
  readonly maxUnaccepted?: number;
}

/** Several times the measured 75 kB that Node.js keeps of the largest head. */
const HEAP_PER_CONNECTION = 512 * 1024;
/** The part of the limit that is closed beyond the excess, because finding connections examines all of them. */
const AT_ONCE = 1 / 16;

/**
 * Closes connections without an accepted credential when too many are open: many large heads would fill the heap. Connections that
 * have waited longest for a request go first.
 */
export function limitConnections(
  server: Server,
  connections: Connections,
  options: ConnectionLimitOptions,
): void {
  const { isAccepted = () => false } = options;
  const { maxUnaccepted = Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_CONNECTION) } = options;
  /** How many connections may be opened before the next count. */
  let room = maxUnaccepted;
  server.on('connection', () => {
    room -= 1;
    if (room >= 0) return;
    const unaccepted = [...connections.all()].filter(
      ({ socket }) => !socket.destroyed && !isAccepted(socket),
    );
    room = maxUnaccepted - unaccepted.length;
    if (room >= 0) return;
    const wanted = Math.floor(AT_ONCE * maxUnaccepted);
    for (const { socket } of unaccepted.sort(byWait).slice(0, wanted - room)) socket.destroy();
    room = wanted;
  });
}

/** Connections with a request, and WebSockets, come last. */
function byWait(one: OpenConnection, other: OpenConnection): number {
  return Number(isInUse(one)) - Number(isInUse(other)) || one.turn - other.turn;
}

function isInUse({ unanswered, isUpgraded }: OpenConnection): boolean {
  return isUpgraded || unanswered.some(({ req }) => req.complete);
}
