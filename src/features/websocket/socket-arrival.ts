import { Deadline } from '../../base/clock.ts';
import type { Reservation } from '../../gate/memory.ts';
import type { Door } from '../../http/doors.ts';
import type { Socket } from './socket-sender.ts';

/** How long a message may take to arrive; the same as for a request. */
const MESSAGE_WITHIN_MS = 60_000;
/** The approximate memory of Node.js and `ws` for each chunk of an unfinished message, besides its bytes. */
const CHUNK_BYTES = 256;

// The reason of a close frame has at most 123 bytes.
const TOO_SLOW = `A message took more than ${MESSAGE_WITHIN_MS / 1_000} s to arrive. Send it again.`;
export const NO_ROOM = 'There is no room for this message. Send it again in a moment.';

/** Counts the memory of a message that arrives, and ends a connection whose message takes too long or has no room. */
export function watchArrival(
  reserve: () => Reservation,
  socket: Socket,
  { clock }: Pick<Door, 'clock'>,
  cut: (reason: string) => void,
) {
  /** The bytes that have arrived of an unfinished message. */
  let bytes = 0;
  let memory: Reservation | undefined;
  let toArrive: Deadline | undefined;
  const ended = (): void => {
    bytes = 0;
    toArrive?.callOff();
    memory?.release();
    memory = undefined;
  };
  return {
    ended,
    /** Parses what has arrived: at once, or when it is the client's turn. Until then the connection is not read. */
    parseInTurn(parse: () => void): void {
      // Without memory, the message came in one chunk with another that has just been parsed.
      const parsing = memory ? memory.inTurn(parse) : parse();
      if (!(parsing instanceof Promise)) return;
      socket.pause();
      parsing.then(
        () => socket.resume(),
        () => cut(NO_ROOM),
      );
    },
    add(length: number): void {
      bytes += length;
      if (!memory) {
        memory = reserve();
        toArrive = new Deadline(clock, clock.now() + MESSAGE_WITHIN_MS, () => cut(TOO_SLOW));
      }
      if (!memory.take(length + CHUNK_BYTES)) cut(NO_ROOM);
    },
    /** These bytes belonged to no message. */
    remove(length: number): void {
      bytes -= length;
      if (bytes <= 0) ended();
    },
  };
}
