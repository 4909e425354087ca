import type { IncomingMessage } from 'node:http';
import { Deadline } from '../../base/clock.ts';
import { AbortSource } from '../../base/signal.ts';
import type { Reservation } from '../../gate/memory.ts';
import type { SocketDoor } from '../../http/doors.ts';
import { headBytesOf } from '../../http/http-request.ts';
import { CLOSE, MESSAGE } from './protocol.ts';
import { NO_ROOM, watchArrival } from './socket-arrival.ts';
import {
  type ClientMessage,
  headersIn,
  NO_HEADERS,
  readClientMessage,
  type SentHeaders,
  socketRequest,
} from './socket-messages.ts';
import { createSocketOperations } from './socket-operations.ts';
import { createSender, type Socket } from './socket-sender.ts';

const INIT_WITHIN_MS = 3_000;
/** As much as the headers of a request. The connection keeps them as long as it lives. */
const MAX_INIT_BYTES = 64 * 1024;
/** A connection that has not answered the previous ping by then is dead. */
const PING_EVERY_MS = 12_000;
/** The size of the head of a client's ping or pong, in bytes. */
const CONTROL_HEAD_BYTES = 6;

/** A connection of the protocol `graphql-transport-ws`: takes the client's messages. */
export function openSocketConnection(socket: Socket, upgrade: IncomingMessage, options: SocketDoor) {
  const { memory, clock, trustedProxy } = options;
  const headBytes = headBytesOf(upgrade);
  const sender = createSender(socket);
  let headers: SentHeaders | undefined;
  const requestWith = (signal: AbortSource) => socketRequest(upgrade, headers ?? NO_HEADERS, signal);
  const operations = createSocketOperations({
    ...options,
    sender,
    requestWith,
    onIdle() {
      if (isEnding) leave();
    },
  });
  let isEnding = false;
  /** The memory of the upgrade's head, and later of the headers. */
  let kept = reserve(headBytes);
  const arrival = watchArrival(() => reserve(0), socket, options, cut);
  let isAlive = true;
  upgrade.socket.on('data', ({ length }: Buffer) => {
    isAlive = true;
    arrival.add(length);
  });
  /** Messages that have arrived and are not parsed yet, in their order. */
  const waiting: (() => void)[] = [];
  const takeWaiting = () => {
    for (const take of waiting.splice(0)) take();
  };
  socket.on('message', (data, isBinary) => {
    const take = () => {
      arrival.ended();
      // Messages may follow the one for which the connection is closed.
      if (socket.readyState !== socket.OPEN) return;
      const message = isBinary ? undefined : readClientMessage(String(data));
      if (message === undefined) socket.close(CLOSE.badRequest, 'Invalid message received');
      else handle(message, (data as Buffer).length);
    };
    if (waiting.push(take) === 1) arrival.parseInTurn(takeWaiting);
  });
  for (const control of ['ping', 'pong'] as const) {
    socket.on(control, ({ length }) => {
      arrival.remove(CONTROL_HEAD_BYTES + length);
    });
  }
  // An invalid message, or one in too many parts. `ws` closes the connection for it.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    toInit.callOff();
    toPing.callOff();
    waiting.length = 0;
    arrival.ended();
    kept.release();
    operations.closed();
  });
  const toInit = new Deadline(clock, clock.now() + INIT_WITHIN_MS, () =>
    socket.close(CLOSE.initTimeout, 'Connection initialisation timeout'),
  );
  let toPing = pingLater();
  if (kept.isReleased) cut(NO_ROOM);

  function handle(message: ClientMessage, bytes: number): void {
    switch (message.type) {
      case MESSAGE.connectionInit:
        if (headers) socket.close(CLOSE.tooManyRequests, 'Too many initialisation requests');
        else if (bytes > MAX_INIT_BYTES)
          socket.close(CLOSE.badRequest, `More than ${MAX_INIT_BYTES} bytes to begin with`);
        else {
          toInit.callOff();
          headers = headersIn(message.payload, trustedProxy);
          kept.release();
          kept = reserve(headBytes);
          if (kept.take(bytes)) sender.reply(JSON.stringify({ type: MESSAGE.connectionAck }));
          else cut(NO_ROOM);
        }
        break;
      case MESSAGE.ping:
        sender.reply(JSON.stringify({ type: MESSAGE.pong }));
        break;
      case MESSAGE.subscribe:
        if (!headers) socket.close(CLOSE.unauthorized, 'Unauthorized');
        else if (operations.has(message.id))
          socket.close(CLOSE.subscriberExists, 'Subscriber already exists');
        else operations.subscribe(message.id, message.payload, bytes);
        break;
      case MESSAGE.complete:
        operations.complete(message.id);
    }
  }

  function reserve(bytes: number): Reservation {
    return memory.reserve(requestWith(new AbortSource()), bytes);
  }

  /** Closes the connection without waiting for the client. */
  function cut(reason: string): void {
    socket.close(CLOSE.tryAgainLater, reason);
    socket.terminate();
  }

  /** Uses a deadline instead of a timer: a process that stood still has to read the pong before it looks for it. */
  function pingLater(): Deadline {
    return new Deadline(clock, clock.now() + PING_EVERY_MS, () => {
      toPing = pingLater();
      // The client is slow. The server closes connections that read nothing.
      if (socket.bufferedAmount > 0) return;
      if (isAlive) socket.ping();
      else socket.terminate();
      isAlive = false;
    });
  }

  function leave(): void {
    socket.close(CLOSE.goingAway, 'Going away');
  }

  return {
    /** Accepts no further operations, and closes after the running ones. */
    end() {
      isEnding = true;
      if (operations.end()) leave();
    },
  };
}
