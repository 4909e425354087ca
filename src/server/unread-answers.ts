import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';

export interface UnreadAnswersOptions {
  /** How long a client may read nothing of its answer. */
  readonly writeTimeoutMs: number;
  /** The most bytes that all clients together may leave unread. */
  readonly maxUnreadBytes: number;
}

/**
 * Unread answers would stay in memory. The check closes the connections of clients that have stopped to read, and those with the
 * most unread bytes, until all together have at most `maxUnreadBytes`. Call it at intervals; `now` is in ms.
 */
export function createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes }: UnreadAnswersOptions) {
  /** Connections with unsent bytes, and the time since which nothing was sent. */
  let sightings = new Map<Socket, { readonly progress: string; readonly since: number }>();
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
    const largestFirst = [...seen.keys()].sort((one, other) => other.writableLength - one.writableLength);
    for (const socket of largestFirst) {
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
