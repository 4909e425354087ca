import type { IncomingMessage } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { OVERLOADED } from '../../errors/coded-error.ts';
import type { Reservation } from '../../gate/memory.ts';
import type { AdapterParts, SocketHooks } from '../../http/adapter.ts';
import { SHUTTING_DOWN } from '../../http/guards.ts';
import { NodeRequest } from '../../http/http-request.ts';
import { requestIdFor } from '../../http/response.ts';
import { isFailure } from '../../http/shown-result.ts';
import { CLIENT_LEFT, type RequestRecord } from '../../observability/request-record.ts';
import { paramsFromJson } from '../../operation/params.ts';
import { isStream } from '../../operation/pipeline.ts';
import type { ResultStream } from '../../operation/result-stream.ts';
import { AbortSource } from '../../transport/call.ts';
import { Deadline } from '../../transport/clock.ts';
import { CLOSE, MESSAGE } from './protocol.ts';
import { MAX_PARTS, SocketFrames } from './socket-frames.ts';
import {
  type ClientMessage,
  errorMessage,
  headersIn,
  MAX_OPERATIONS,
  NO_HEADERS,
  nextMessage,
  readClientMessage,
  type SentHeaders,
  SocketClientRequest,
  TOO_MANY,
} from './socket-messages.ts';

export type SocketParts = AdapterParts & { readonly hooksFor: SocketHooks };

/** The most messages, pings and pongs of a connection per second. */
const MAX_MESSAGES = 100;
const MESSAGES_MS = 1_000;
const INIT_WITHIN_MS = 3_000;
/** As much as the headers of a request. The connection keeps them as long as it lives. */
const MAX_INIT_BYTES = 64 * 1024;
/** How long a message may take to arrive; the same as for a request. */
const MESSAGE_WITHIN_MS = 60_000;
/** A connection that has not answered the previous ping by then is dead. */
const PING_EVERY_MS = 12_000;
/** The most bytes that may wait for a slow client, apart from results of operations. */
const MAX_WAITING_BYTES = 1024 * 1024;

// The reason of a close frame has at most 123 bytes.
const TOO_MANY_PARTS = `A message in more than ${MAX_PARTS} small parts. Send each message in fewer frames.`;
const TOO_SLOW = `A message took more than ${MESSAGE_WITHIN_MS / 1_000} s to arrive. Send it again.`;

interface RunningOperation {
  readonly record: RequestRecord;
  readonly source: AbortSource;
  readonly body: Reservation;
  isStream: boolean;
  /** Its last message had errors, which end the operation. */
  isFailed: boolean;
}

/** The used part of a socket of `ws`. The published types must not refer to the types of `ws`, which an install lacks. */
interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  on(event: 'message', listener: (data: SocketData, isBinary: boolean) => void): unknown;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): unknown;
  on(event: 'error' | 'close', listener: () => void): unknown;
  send(data: string | Buffer, done: () => void): void;
  send(data: Buffer, options: { readonly binary: boolean }, done: (error?: Error) => void): void;
  ping(): void;
  pause(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

type SocketData = Buffer | ArrayBuffer | Buffer[];

/** A connection of the protocol `graphql-transport-ws`. Each operation passes the pipeline like a request. */
export function openSocketConnection(socket: Socket, upgrade: IncomingMessage, options: SocketParts) {
  const { pipeline, tracker, reserveBody, clock, hooksFor, trustedProxy } = options;
  /** Operations whose id the client may still use. */
  const operations = new Map<string, RunningOperation>();
  const running = new Set<RunningOperation>();
  let headers: SentHeaders | undefined;
  const { headBytes } = new NodeRequest(upgrade);
  /** The memory of the upgrade's head, and later of the headers. */
  let kept = openFor(NO_HEADERS, headBytes);
  /** The memory of the arriving message, and its time limit. */
  let arriving: Reservation | undefined;
  let arrivingBytes = 0;
  let toArrive: Deadline | undefined;
  /** The characters of waiting messages that belong to no operation. */
  let waiting = 0;
  let messages = 0;
  let messagesSince = Number.NEGATIVE_INFINITY;
  let isAlive = true;
  let isEnding = false;
  let isClosed = false;
  const frames = interceptFrames(upgrade.socket);
  upgrade.socket.on('data', arrive);
  socket.on('message', receive);
  for (const control of ['ping', 'pong'] as const) socket.on(control, count);
  // An invalid message. `ws` closes the connection for it.
  socket.on('error', () => undefined);
  socket.on('close', closed);
  const toInit = new Deadline(clock, clock.now() + INIT_WITHIN_MS, () =>
    socket.close(CLOSE.initTimeout, 'Connection initialisation timeout'),
  );
  let toPing = pingLater();
  if (kept.isReleased) evict();

  function receive(data: SocketData, isBinary: boolean): void {
    releaseArriving();
    if (!count()) return;
    const message = isBinary ? undefined : readClientMessage(String(data));
    if (message === undefined) socket.close(CLOSE.badRequest, 'Invalid message received');
    else handle(message, (data as Buffer).length);
  }

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
          kept = openFor(headers, headBytes);
          if (kept.hold(bytes)) reply(JSON.stringify({ type: MESSAGE.connectionAck }));
          else evict();
        }
        break;
      case MESSAGE.ping:
        reply(JSON.stringify({ type: MESSAGE.pong }));
        break;
      case MESSAGE.subscribe:
        if (!headers) socket.close(CLOSE.unauthorized, 'Unauthorized');
        else if (operations.has(message.id))
          socket.close(CLOSE.subscriberExists, 'Subscriber already exists');
        else subscribe(message.id, message.payload, bytes, headers);
        break;
      case MESSAGE.complete:
        operations.get(message.id)?.source.abort();
        operations.delete(message.id);
    }
  }

  function subscribe(id: string, payload: unknown, bytes: number, headers: SentHeaders): void {
    const source = new AbortSource();
    const request = new SocketClientRequest(upgrade, headers, source);
    const record = tracker.begin(request, requestIdFor(undefined));
    const body = reserveBody(request);
    const hasRoom = body.take(bytes);
    const limit = running.size >= MAX_OPERATIONS ? TOO_MANY : undefined;
    const refusal = isEnding ? SHUTTING_DOWN : (limit ?? (hasRoom ? undefined : OVERLOADED));
    if (refusal) {
      body.release();
      reply(errorMessage(id, pipeline.failed(refusal, record)));
      tracker.end(record, 200);
      return;
    }
    const operation: RunningOperation = { record, source, body, isStream: false, isFailed: false };
    operations.set(id, operation);
    running.add(operation);
    void run(id, payload, operation).finally(() => {
      forget(id, operation);
      // Completing a stream is the normal way to leave it.
      over(operation, source.aborted && (isClosed || !operation.isStream) ? CLIENT_LEFT : 200);
      closeIfDone();
    });
  }

  /** Lets the client use the id again. */
  function forget(id: string, operation: RunningOperation): void {
    if (operations.get(id) === operation) operations.delete(id);
  }

  function over(operation: RunningOperation, status: number): void {
    operation.body.release();
    if (running.delete(operation)) tracker.end(operation.record, status);
  }

  async function run(id: string, payload: unknown, operation: RunningOperation): Promise<void> {
    const { record, source } = operation;
    let stream: ResultStream | undefined;
    try {
      stream = await begin(id, payload, operation);
      // Sends results one after the other, so a slow client makes the stream wait and merge.
      while (stream && (await sendNext(id, stream, operation)));
      if (operation.isFailed || source.aborted) return;
      forget(id, operation);
      await send(JSON.stringify({ id, type: MESSAGE.complete }));
    } catch (error) {
      const failure = pipeline.failed(error, record);
      if (source.aborted) return;
      forget(id, operation);
      await send(errorMessage(id, failure));
    } finally {
      // A result that cannot be serialized ends its stream too.
      void stream?.return?.();
    }
  }

  // Uses `then`, because `await` would keep each result in memory until the client has read it.

  /** Runs an operation and sends its result. @returns the stream of a subscription instead */
  function begin(id: string, payload: unknown, operation: RunningOperation) {
    const { record, body } = operation;
    const params = paramsFromJson(payload, 'payload');
    if (!body.hold(params.weight)) throw OVERLOADED;
    const hooks = hooksFor(upgrade, params);
    return pipeline.run({ params, record, hooks, mayStream: true, reservation: body }).then((result) => {
      operation.isStream = isStream(result);
      return isStream(result) ? result : sendResult(id, result, operation).then(() => undefined);
    });
  }

  /** Sends the next result of a stream. @returns whether there was a result */
  function sendNext(id: string, stream: ResultStream, operation: RunningOperation): Promise<boolean> {
    return stream.next().then(({ value, done }) => {
      if (done || operation.source.aborted) return false;
      return sendResult(id, value, operation).then(() => true);
    });
  }

  function sendResult(id: string, result: ExecutionResult, operation: RunningOperation): Promise<unknown> {
    if (operation.source.aborted) return Promise.resolve();
    operation.isFailed = isFailure(result);
    if (operation.isFailed) forget(id, operation);
    return send(operation.isFailed ? errorMessage(id, result) : nextMessage(id, result));
  }

  /** Resolves when the system has taken the message, or the connection is closed. */
  function send(text: string): Promise<unknown> {
    let taken: (error?: Error) => void = () => undefined;
    const sent = new Promise<unknown>((resolve) => {
      taken = resolve;
    });
    // As bytes and without a closure, so that waiting messages stay outside V8's heap.
    socket.send(Buffer.from(text), { binary: false }, taken);
    return sent;
  }

  /** Sends a message that belongs to no operation. */
  function reply(text: string): void {
    waiting += text.length;
    if (waiting > MAX_WAITING_BYTES) socket.terminate();
    else
      socket.send(text, () => {
        waiting -= text.length;
      });
  }

  /** @returns whether the client stays within its message limit */
  function count(): boolean {
    if (socket.readyState !== socket.OPEN) return false;
    const now = clock.now();
    if (now - messagesSince >= MESSAGES_MS) {
      messagesSince = now;
      messages = 0;
    }
    messages += 1;
    if (messages <= MAX_MESSAGES) return true;
    socket.close(CLOSE.tooManyRequests, `Too many messages: ${MAX_MESSAGES} a second`);
    // Further messages are not read.
    socket.pause();
    return false;
  }

  function arrive(chunk: Buffer): void {
    isAlive = true;
    frames.add(chunk);
    if (frames.weight === 0) {
      releaseArriving();
      return;
    }
    if (frames.hasTooManyParts) {
      cut(CLOSE.badRequest, TOO_MANY_PARTS);
      return;
    }
    if (!arriving) {
      arriving = openFor(headers ?? NO_HEADERS, 0);
      toArrive = new Deadline(clock, clock.now() + MESSAGE_WITHIN_MS, () =>
        cut(CLOSE.tryAgainLater, TOO_SLOW),
      );
    }
    const more = frames.weight - arrivingBytes;
    arrivingBytes = frames.weight;
    if (!arriving.take(more)) evict();
  }

  function openFor(headers: SentHeaders, headBytes: number): Reservation {
    const reservation = reserveBody(new SocketClientRequest(upgrade, headers, new AbortSource()), headBytes);
    reservation.onRefused = evict;
    return reservation;
  }

  function evict(): void {
    cut(CLOSE.tryAgainLater, 'There is no room for this message. Send it again in a moment.');
  }

  /** Closes the connection without waiting for the client. */
  function cut(code: number, reason: string): void {
    socket.close(code, reason);
    socket.terminate();
  }

  function releaseArriving(): void {
    toArrive?.callOff();
    arriving?.release();
    arriving = undefined;
    arrivingBytes = 0;
  }

  /** A deadline, because a process that stood still must read a pong before it looks for the pong. */
  function pingLater(): Deadline {
    return new Deadline(clock, clock.now() + PING_EVERY_MS, () => {
      toPing = pingLater();
      ping();
    });
  }

  function ping(): void {
    // The client is slow. The server closes connections that read nothing.
    if (socket.bufferedAmount > 0) return;
    if (isAlive) socket.ping();
    else socket.terminate();
    isAlive = false;
  }

  function closeIfDone(): void {
    if (isEnding && running.size === 0 && !isClosed) socket.close(CLOSE.goingAway, 'Going away');
  }

  function closed(): void {
    isClosed = true;
    toInit.callOff();
    toPing.callOff();
    releaseArriving();
    kept.release();
    for (const operation of running) {
      operation.source.abort();
      // The process is stopping, and may end before the outcome of a write is known.
      if (isEnding) over(operation, 503);
    }
  }

  return {
    /** Accepts no further operations, and closes after the running ones. */
    end() {
      isEnding = true;
      closeIfDone();
    },
  };
}

/** Replaces the `data` listener that `ws` has just added. */
function interceptFrames(socket: NetSocket): SocketFrames {
  const deliver = socket.listeners('data').at(-1) as (bytes: Buffer) => void;
  socket.off('data', deliver);
  return new SocketFrames((bytes) => deliver.call(socket, bytes));
}
