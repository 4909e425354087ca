import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';

export interface UnreadAnswersOptions {
  /** How long a client may read nothing of its answer. */
  readonly writeTimeoutMs: number;
  /** The most bytes that all clients together may leave unread. */
  readonly maxUnreadBytes: number;
}

interface Sighting {
  readonly progress: string;
  /** Nothing was sent since this time. */
  readonly since: number;
}

/** Clients that have read nothing for so long are closed before clients that read. */
const PAUSE_MS = 1_000;

/**
 * Unread answers would stay in memory. The check closes the connections of clients that have read nothing for `writeTimeoutMs`.
 * Then it closes others until all together have at most `maxUnreadBytes`: first clients that have paused, and among equals
 * the largest answers. Call it at intervals; `now` is in ms.
 */
export function createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes }: UnreadAnswersOptions) {
  /** Connections with unsent bytes. */
  let sightings = new Map<Socket, Sighting>();
  return (connections: Iterable<OpenConnection>, now: number): void => {
    const seen: typeof sightings = new Map();
    let total = 0;
    for (const { socket } of connections) {
      if (socket.destroyed || socket.writableLength === 0) continue;
      const progress = progressOf(socket);
      const last = sightings.get(socket);
      const since = last?.progress === progress ? last.since : now;
      if (now - since >= writeTimeoutMs) {
        socket.destroy();
        continue;
      }
      seen.set(socket, { progress, since });
      total += socket.writableLength;
    }
    sightings = seen;
    if (total <= maxUnreadBytes) return;
    const hasPaused = (socket: Socket) => now - (seen.get(socket)?.since ?? now) >= PAUSE_MS;
    const largestFirst = [...seen.keys()].sort((one, other) => other.writableLength - one.writableLength);
    const paused = largestFirst.filter(hasPaused);
    const reading = largestFirst.filter((socket) => !hasPaused(socket));
    for (const socket of [...paused, ...reading]) {
      if (total <= maxUnreadBytes) return;
      total -= socket.writableLength;
      socket.destroy();
    }
  };
}

/**
 * Changes whenever the system has accepted more bytes. Only the handle counts parts of a write; without it, a large write
 * shows no progress before its end.
 */
function progressOf(socket: Socket): string {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize}`;
}
