import type { Socket } from 'node:net';
import type { StreamBody } from './stream-body.ts';

/** When the second ping follows the first: the word that nobody is there has come back by then. */
const SECOND_PING_MS = 50;

/**
 * Finds out whether a client that has closed its side of the connection still reads, or has gone, by what the system says
 * of what is sent to it: else a stream in which nothing happens would go on for nobody until its next ping.
 */
export function pingHalfClosed(socket: Socket, body: StreamBody): void {
  let timer: NodeJS.Timeout | undefined;
  const onEnd = () => {
    body.ping();
    timer = setTimeout(() => body.ping(), SECOND_PING_MS).unref();
  };
  if (socket.readableEnded) setImmediate(onEnd);
  else socket.once('end', onEnd);
  body.once('close', () => {
    socket.off('end', onEnd);
    clearTimeout(timer);
  });
}
