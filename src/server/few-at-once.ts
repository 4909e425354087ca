import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isProbe } from '../http/address.ts';
import { inTimeSlices } from '../operation/time-slices.ts';
import type { Connections } from './connections.ts';
import { createPlaceOfSocket, type StrangersOptions } from './strangers.ts';

/** How many requests of a stranger's connection may be under way. */
const MOST_UNDER_WAY = 10;
/** A stranger's connection with more requests without an answer is not read. */
const MOST_UNANSWERED = 16;
/** How many requests of strangers begin at once. If more arrive before a turn of the event loop without any, they wait. */
const MOST_IN_A_ROW = 64;

interface Arrived {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Begins few requests of a stranger's connection at a time, and requests of many strangers in time slices. Node.js accepts
 * one connection in each turn of the event loop. If each turn began requests, a new connection would wait for all of them.
 */
export function fewAtOnce(
  connections: Connections,
  options: StrangersOptions,
  begin: RequestListener,
): RequestListener {
  const { isAccepted = () => false } = options;
  const placeOf = createPlaceOfSocket(options);
  let begunInARow = 0;
  let isQuiet = true;
  let waiting = 0;
  const endTurn = () => {
    if (isQuiet) begunInARow = 0;
    else setImmediate(endTurn);
    isQuiet = true;
  };
  const beginNow = ({ message, response }: Arrived) => {
    // A process that stops may have refused it meanwhile.
    if (!response.headersSent) begin(message, response);
    // Before Node 24, node:http closes only the first response when the client leaves.
    if (!message.socket.destroyed || response.closed) return;
    response.destroy();
    response.emit('close');
  };
  const beginInSlice = inTimeSlices(
    async (arrived: Arrived) => {
      waiting -= 1;
      beginNow(arrived);
    },
    ({ message: { headers, socket } }) => placeOf(socket, headers),
    // Their heads are in memory anyway.
    Number.POSITIVE_INFINITY,
  );
  const beginInTurn = (arrived: Arrived) => {
    isQuiet = false;
    if (waiting > 0 || begunInARow === MOST_IN_A_ROW) {
      waiting += 1;
      void beginInSlice(arrived);
      return;
    }
    if (begunInARow === 0) setImmediate(endTurn);
    begunInARow += 1;
    beginNow(arrived);
  };
  return (message, response) => {
    const { socket } = message;
    // The connection was closed for sending too many requests.
    if (socket.destroyed) return;
    const unanswered = connections.on(socket)?.unanswered ?? [];
    const earlier = unanswered.at(-1 - MOST_UNDER_WAY);
    if (isAccepted(socket) || (!earlier && isProbe(message.url))) return begin(message, response);
    // The listener counts the time from here.
    Object.assign(message, { arrivedAt: performance.now() });
    const arrived = { message, response };
    if (!earlier) return beginInTurn(arrived);
    if (unanswered.length > MOST_UNANSWERED) socket.pause();
    const onTurn = () => {
      if (unanswered.length <= MOST_UNANSWERED) socket.resume();
      beginInTurn(arrived);
    };
    // In a tick of its own: hundreds of responses may close each other.
    earlier.on('close', () => process.nextTick(onTurn));
  };
}
