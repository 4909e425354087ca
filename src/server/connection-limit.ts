import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { createPlaceOf } from '../callers/client-place.ts';
import type { Connections, OpenConnection } from './connections.ts';

export interface ConnectionLimitOptions {
  /** Whether a connection has sent an accepted credential. By default no connection has. */
  readonly isAccepted?: (socket: Socket) => boolean;
  /** How many connections without an accepted credential may be open. By default as many as the heap can hold. */
  readonly maxUnaccepted?: number;
  /** The header in which a proxy names its client. */
  readonly trustedProxy?: string | undefined;
}

/** Several times the measured 75 kB that Node.js keeps of the largest head. */
const HEAP_PER_CONNECTION = 512 * 1024;
/** The part of the limit that is closed beyond the excess, because finding connections examines all of them. */
const AT_ONCE = 1 / 16;

/**
 * Closes connections without an accepted credential when too many are open: many large heads would fill the heap. The client
 * with the most connections loses first the connection that has waited longest for a request.
 */
export function limitConnections(
  server: Server,
  connections: Connections,
  options: ConnectionLimitOptions,
): void {
  const { isAccepted = () => false, trustedProxy } = options;
  const { maxUnaccepted = Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_CONNECTION) } = options;
  const placeOf = createPlaceOf(trustedProxy);
  const clientOf = ({ socket, unanswered }: OpenConnection): string => {
    const { headers = {} } = unanswered.at(-1)?.req ?? {};
    const header = (name: string) => headers[name]?.toString() ?? null;
    return placeOf({ address: socket.remoteAddress ?? '', socket, header });
  };
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
    const clients = new Map<string, OpenConnection[]>();
    for (const connection of unaccepted.sort(byWait)) {
      const client = clientOf(connection);
      clients.set(client, [...(clients.get(client) ?? []), connection]);
    }
    for (; room < Math.floor(AT_ONCE * maxUnaccepted); room += 1) {
      const largest = [...clients.values()].reduce((one, other) => (other.length > one.length ? other : one));
      largest.shift()?.socket.destroy();
    }
  });
}

/** Connections with a request, and WebSockets, come last. */
function byWait(one: OpenConnection, other: OpenConnection): number {
  return Number(isInUse(one)) - Number(isInUse(other)) || one.turn - other.turn;
}

function isInUse({ unanswered, isUpgraded }: OpenConnection): boolean {
  return isUpgraded || unanswered.some(({ req }) => req.complete);
}
