import type { Socket } from 'node:net';
import type { OpenConnection } from './connections.ts';

export interface UnreadAnswersOptions {
  /** How long a client may read nothing of its answer. */
  readonly writeTimeoutMs: number;
  /** The most bytes that all clients together may leave unread. */
  readonly maxUnreadBytes: number;
}

/** Unread answers would stay in memory. Call it at intervals; `now` is in ms. */
export function createUnreadAnswersCheck({ writeTimeoutMs, maxUnreadBytes }: UnreadAnswersOptions) {
  /** Connections with unsent bytes, and the time since which nothing was sent. */
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
 * Closes the connections with the most unread bytes until all together have at most `maxBytes`, even if their clients read.
 * Many clients of slow links would otherwise fill the memory between two checks.
 */
export function closeMostUnread(connections: Iterable<OpenConnection>, maxBytes: number): void {
  const unread = [...connections]
    .filter(({ socket }) => !socket.destroyed && socket.writableLength > 0)
    .map((connection) => ({ socket: connection.socket, bytes: unreadBytes(connection) }));
  let total = unread.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= maxBytes) return;
  for (const { socket, bytes } of unread.sort((one, other) => other.bytes - one.bytes)) {
    if (total <= maxBytes) return;
    socket.destroy();
    total -= bytes;
  }
}

/**
 * Changes whenever the system has accepted more bytes. Only the handle counts parts of a write; without it, a large write
 * shows no progress before its end.
 */
function progressOf(socket: Socket): string {
  const { _handle: handle } = socket as { _handle?: { writeQueueSize?: number } | null };
  return `${socket.bytesWritten - socket.writableLength} ${handle?.writeQueueSize}`;
}

/** The unsent rest of the current answer, and the answers that wait behind it. */
function unreadBytes({ socket, unanswered }: OpenConnection): number {
  const waiting = unanswered.filter((response) => response.socket === null);
  return waiting.reduce((sum, { writableLength }) => sum + writableLength, socket.writableLength);
}
