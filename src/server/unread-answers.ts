import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';

/** The limits of what clients leave unread. */
export interface UnreadAnswersOptions {
  /** How long a client may go without taking anything of its answer. */
  readonly writeTimeoutMs: number;
  /** How much all clients may leave unread, in bytes. */
  readonly maxUnreadBytes: number;
}

/**
 * Gives up clients that do not read their answers, which would be kept for them for ever. To be called again and again;
 * `now` is in ms.
 */
export function createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes }: UnreadAnswersOptions) {
  /** The connections with something to send, and since when nothing has moved. */
  let sightings = new Map<Socket, { readonly progress: string; readonly since: number }>();
  return (connections: Iterable<OpenConnection>, now: number): void => {
    const seen: typeof sightings = new Map();
    const stalled: { connection: OpenConnection; bytes: number }[] = [];
    let total = 0;
    for (const connection of connections) {
      const { socket } = connection;
      if (socket.destroyed || socket.writableLength === 0) continue;
      const progress = progressOf(socket);
      const last = sightings.get(socket);
      const hasMoved = last?.progress !== progress;
      const { since } = hasMoved ? { since: now } : last;
      if (now - since >= writeTimeoutMs) {
        socket.destroy();
        continue;
      }
      seen.set(socket, { progress, since });
      const bytes = unreadBytes(connection);
      total += bytes;
      if (!hasMoved) stalled.push({ connection, bytes });
    }
    sightings = seen;
    if (total <= maxUnreadBytes) return;
    for (const { connection, bytes } of stalled.sort((one, other) => other.bytes - one.bytes)) {
      if (total <= maxUnreadBytes) return;
      connection.socket.destroy();
      total -= bytes;
    }
  };
}

/**
 * Changes whenever the system has taken more of what is to be sent: whole writes, and parts of the one under way. Only the
 * handle knows of the parts; without it, a large write makes no progress before its end.
 */
function progressOf(socket: Socket): string {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize}`;
}

/** The rest of the answer whose turn it is, and those that wait behind it. */
function unreadBytes({ socket, unanswered }: OpenConnection): number {
  const waiting = unanswered.filter((response) => response.socket === null);
  return waiting.reduce((sum, { writableLength }) => sum + writableLength, socket.writableLength);
}
