import type { IncomingHttpHeaders, Server } from 'node:http';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { createPlaceOf } from '../callers/client-place.ts';
import type { Connections, OpenConnection } from './connections.ts';

export interface StrangersOptions {
  /** Whether a connection has sent an accepted credential. By default no connection has. */
  readonly isAccepted?: (socket: Socket) => boolean;
  /** How many connections without an accepted credential may be open. By default as many as the heap can hold. */
  readonly maxStrangers?: number;
  /** The header in which a proxy names its client. */
  readonly trustedProxy?: string | undefined;
}

type PlaceOfSocket = ReturnType<typeof createPlaceOfSocket>;

/** Names the client of a connection by the headers of a request, as `createPlaceOf` does. */
export function createPlaceOfSocket({ trustedProxy }: Pick<StrangersOptions, 'trustedProxy'>) {
  const placeOf = createPlaceOf(trustedProxy);
  return (socket: Socket, headers: IncomingHttpHeaders = {}): string =>
    placeOf({
      address: socket.remoteAddress ?? '',
      socket,
      header: (name) => headers[name]?.toString() ?? null,
    });
}

/** Several times the measured 75 kB that Node.js keeps of the largest head. */
const HEAP_PER_STRANGER = 512 * 1024;
/** The part of the limit that is closed beyond the excess, because finding connections examines all of them. */
const AT_ONCE = 1 / 16;
/** The size of a connection whose request has arrived, and of a WebSocket: a further head may arrive. */
const WHEN_ARRIVED = 1 / 2;

/**
 * Closes connections without an accepted credential when too many are open: many large heads would fill the heap. Closes
 * connections of the client that has the most first, and among these the connections that have waited longest for a request.
 */
export function limitStrangers(server: Server, connections: Connections, options: StrangersOptions): void {
  const { isAccepted = () => false } = options;
  const placeOf = createPlaceOfSocket(options);
  const { maxStrangers = Math.floor(getHeapStatistics().heap_size_limit / HEAP_PER_STRANGER) } = options;
  /** How many connections may be opened before the next count. */
  let room = maxStrangers;
  server.on('connection', () => {
    room -= 1;
    if (room >= 0) return;
    const strangers = [...connections.all()].filter(({ socket }) => !socket.destroyed && !isAccepted(socket));
    room = strangers.reduce((left, one) => left - sizeOf(one), maxStrangers);
    if (room >= 0) return;
    for (const connection of inOrderOfClosing(strangers, placeOf)) {
      if (room >= Math.floor(AT_ONCE * maxStrangers)) return;
      connection.socket.destroy();
      room += sizeOf(connection);
    }
  });
}

/**
 * Ranks a connection by its size and the sizes of its client's connections that are closed later. So the client with the most
 * connections comes first.
 */
function inOrderOfClosing(strangers: OpenConnection[], placeOf: PlaceOfSocket): OpenConnection[] {
  const sizes = new Map<string, number>();
  const ranked: { readonly connection: OpenConnection; readonly size: number }[] = [];
  for (const connection of strangers.sort(byWait).reverse()) {
    const { socket, unanswered } = connection;
    const client = placeOf(socket, unanswered.at(-1)?.req.headers);
    const size = (sizes.get(client) ?? 0) + sizeOf(connection);
    sizes.set(client, size);
    ranked.push({ connection, size });
  }
  ranked.sort((one, other) => other.size - one.size || byWait(one.connection, other.connection));
  return ranked.map(({ connection }) => connection);
}

function sizeOf({ unanswered, isUpgraded }: OpenConnection): number {
  return isUpgraded || unanswered.some(({ req }) => req.complete) ? WHEN_ARRIVED : 1;
}

/** Connections with a complete request come last, and so do WebSockets. */
function byWait(one: OpenConnection, other: OpenConnection): number {
  return sizeOf(other) - sizeOf(one) || one.turn - other.turn;
}
