import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { Connections, OpenConnection } from './connections.ts';

export interface StrangersOptions {
  /** Whether a connection has sent an accepted credential. By default no connection has. */
  readonly isAccepted?: (socket: Socket) => boolean;
  /** How many connections without an accepted credential may be open. By default as many as the heap can hold. */
  readonly maxStrangers?: number;
}

/** Several times the measured 75 kB that Node.js keeps of the largest head. */
const HEAP_PER_STRANGER = 512 * 1024;
/** The part of the limit that is closed beyond the excess, because finding connections examines all of them. */
const AT_ONCE = 1 / 16;

/**
 * Closes connections without an accepted credential when too many are open: many large heads would fill the heap. Closes
 * the connections first that have waited longest for a request.
 */
export function limitStrangers(server: Server, connections: Connections, options: StrangersOptions): void {
  const { isAccepted = () => false } = options;
  const { maxStrangers = Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_STRANGER) } = options;
  /** How many connections may be opened before the next count. */
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

/** Connections with a complete request come last, and so do WebSockets: their memory is counted elsewhere. */
function byWait(one: OpenConnection, other: OpenConnection): number {
  return Number(hasArrived(one)) - Number(hasArrived(other)) || one.turn - other.turn;
}

function hasArrived({ unanswered, isUpgraded }: OpenConnection): boolean {
  return isUpgraded || unanswered.some(({ req }) => req.complete);
}
