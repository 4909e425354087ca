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
    const stalled: Unread[] = [];
    let total = 0;
    for (const { socket } of connections) {
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
      const bytes = socket.writableLength;
      total += bytes;
      if (!hasMoved) stalled.push({ socket, bytes });
    }
    sightings = seen;
    closeLargest(stalled, total - maxUnreadBytes);
  };
}

/**
 * Closes the connections with the most unread bytes until all together have at most `maxBytes`, even if their clients read.
 * Many streams would otherwise fill the memory between two checks.
 */
export function closeMostUnread(connections: Iterable<OpenConnection>, maxBytes: number): void {
  const unread: Unread[] = [];
  let total = 0;
  for (const { socket } of connections) {
    if (socket.destroyed || socket.writableLength === 0) continue;
    const bytes = socket.writableLength;
    total += bytes;
    unread.push({ socket, bytes });
  }
  closeLargest(unread, total - maxBytes);
}

interface Unread {
  readonly socket: Socket;
  readonly bytes: number;
}

/** Closes the connections with the most unread bytes, until `excess` bytes are gone. */
function closeLargest(unread: Unread[], excess: number): void {
  if (excess <= 0) return;
  let left = excess;
  for (const { socket, bytes } of unread.sort((one, other) => other.bytes - one.bytes)) {
    if (left <= 0) return;
    socket.destroy();
    left -= bytes;
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
