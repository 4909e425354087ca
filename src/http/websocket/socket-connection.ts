import type { IncomingMessage } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { CloseCode, MessageType } from 'graphql-ws';
import { CLIENT_LEFT, type RequestRecord, type RequestTracker } from '../../observability/request-record.ts';
import { paramsFromJson } from '../../operation/params.ts';
import { isStream, type Pipeline } from '../../operation/pipeline.ts';
import type { ResultStream } from '../../operation/result-stream.ts';
import { AbortSource } from '../../transport/call.ts';
import { type Clock, every } from '../../transport/clock.ts';
import type { BodyLease, OpenLease } from '../client-body.ts';
import type { createFetchAdapter } from '../fetch.ts';
import { SHUTTING_DOWN } from '../guards.ts';
import { isFailure, requestIdFor } from '../response.ts';
import {
  type ClientMessage,
  errorMessage,
  headersIn,
  MAX_OPERATIONS,
  NO_HEADERS,
  nextMessage,
  OVERLOADED,
  readClientMessage,
  type SentHeaders,
  SocketClientRequest,
  TOO_MANY,
} from './socket-messages.ts';

export interface SocketConnectionOptions {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly openLease: OpenLease;
  readonly clock: Clock;
  /** The hooks of an operation; undefined: no plugin wraps any. */
  readonly hooksFor: ReturnType<typeof createFetchAdapter>['hooksForSocket'] | undefined;
}

/** Messages and pings of a connection in a second. */
const MAX_MESSAGES = 100;
const MESSAGES_MS = 1_000;
const INIT_WITHIN_MS = 3_000;
/** As much as the headers of a request, whose place they take: they are kept as long as the connection. */
const MAX_INIT_BYTES = 64 * 1024;
/** A connection that has not answered the ping before by then is dead. */
const PING_EVERY_MS = 12_000;
/** The most that may wait for a client that does not read, beside the results that its operations wait with. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** A close code of WebSocket itself. */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

interface RunningOperation {
  readonly record: RequestRecord;
  readonly source: AbortSource;
  readonly body: BodyLease;
  isStream: boolean;
  /** Its last message had errors, which ends it. */
  isFailed: boolean;
}

/**
 * A socket of `ws`, as far as it is needed here. It is spelled out because the published types must not name `ws`: its types
 * are a package that an install does not bring along.
 */
interface Socket {
  readonly bufferedAmount: number;
  readonly readyState: number;
  readonly OPEN: number;
  on(event: 'message', listener: (data: SocketData, isBinary: boolean) => void): unknown;
  on(event: 'ping' | 'pong' | 'error' | 'close', listener: () => void): unknown;
  send(data: string | Buffer, done: () => void): void;
  send(data: Buffer, options: { readonly binary: boolean }, done: (error?: Error) => void): void;
  ping(): void;
  pause(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

type SocketData = Buffer | ArrayBuffer | Buffer[];

/** One connection by the protocol `graphql-transport-ws`: each of its operations goes down the pipeline like a request. */
export class SocketConnection {
  readonly #socket: Socket;
  readonly #upgrade: IncomingMessage;
  readonly #options: SocketConnectionOptions;
  /** Those that the client can still speak of. */
  readonly #operations = new Map<string, RunningOperation>();
  readonly #running = new Set<RunningOperation>();
  #headers: SentHeaders | undefined;
  /** The bytes of the message that is arriving. */
  #arriving: BodyLease | undefined;
  #messages = 0;
  #messagesSince = Number.NEGATIVE_INFINITY;
  #isAlive = true;
  #isEnding = false;
  #isClosed = false;
  readonly #cancelInit: () => void;
  readonly #cancelPing: () => void;

  constructor(socket: Socket, upgrade: IncomingMessage, options: SocketConnectionOptions) {
    this.#socket = socket;
    this.#upgrade = upgrade;
    this.#options = options;
    // Before anything is read of it, which may be more than a client is allowed to send.
    upgrade.socket.prependListener('data', (chunk: Buffer) => this.#arrive(chunk.length));
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.#count());
    socket.on('pong', () => this.#releaseArriving());
    // The fault of the message; the connection is closed for it.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
    this.#cancelInit = options.clock.after(INIT_WITHIN_MS, () =>
      socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    );
    this.#cancelPing = every(options.clock, PING_EVERY_MS, () => this.#ping());
  }

  /** Takes no further operation, and closes after those that run. */
  end(): void {
    this.#isEnding = true;
    this.#closeIfDone();
  }

  #receive(data: SocketData, isBinary: boolean): void {
    this.#releaseArriving();
    if (!this.#count()) return;
    const message = isBinary ? undefined : readClientMessage(String(data));
    if (message === undefined) this.#socket.close(CloseCode.BadRequest, 'Invalid message received');
    else this.#handle(message, (data as Buffer).length);
  }

  #handle(message: ClientMessage, bytes: number): void {
    switch (message.type) {
      case MessageType.ConnectionInit:
        if (this.#headers)
          this.#socket.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
        else if (bytes > MAX_INIT_BYTES)
          this.#socket.close(CloseCode.BadRequest, `More than ${MAX_INIT_BYTES} bytes to begin with`);
        else {
          this.#cancelInit();
          this.#headers = headersIn(message.payload);
          this.#reply(JSON.stringify({ type: MessageType.ConnectionAck }));
        }
        break;
      case MessageType.Ping:
        this.#reply(JSON.stringify({ type: MessageType.Pong }));
        break;
      case MessageType.Subscribe:
        if (!this.#headers) this.#socket.close(CloseCode.Unauthorized, 'Unauthorized');
        else if (this.#operations.has(message.id))
          this.#socket.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists');
        else this.#subscribe(message.id, message.payload, bytes, this.#headers);
        break;
      case MessageType.Complete:
        this.#operations.get(message.id)?.source.abort();
        this.#operations.delete(message.id);
    }
  }

  #subscribe(id: string, payload: unknown, bytes: number, headers: SentHeaders): void {
    const { tracker, openLease } = this.#options;
    const source = new AbortSource();
    const record = tracker.begin(this.#requestWith(headers, source), requestIdFor(undefined));
    const body = openLease(record.request);
    const hasRoom = body.take(bytes) && body.hold(bytes);
    const refusal = this.#refusal() ?? (hasRoom ? undefined : OVERLOADED);
    if (refusal) {
      body.release();
      this.#reply(errorMessage(id, this.#mask(refusal, record)));
      tracker.end(record, 200);
      return;
    }
    const operation: RunningOperation = { record, source, body, isStream: false, isFailed: false };
    this.#operations.set(id, operation);
    this.#running.add(operation);
    void this.#run(id, payload, operation).finally(() => {
      this.#forget(id, operation);
      // To end a stream is the way to leave it.
      this.#over(operation, source.aborted && (this.#isClosed || !operation.isStream) ? CLIENT_LEFT : 200);
      this.#closeIfDone();
    });
  }

  #refusal(): GraphQLError | undefined {
    if (this.#isEnding) return SHUTTING_DOWN;
    return this.#running.size >= MAX_OPERATIONS ? TOO_MANY : undefined;
  }

  /** The client may use the id again. */
  #forget(id: string, operation: RunningOperation): void {
    if (this.#operations.get(id) === operation) this.#operations.delete(id);
  }

  #over(operation: RunningOperation, status: number): void {
    operation.body.release();
    if (this.#running.delete(operation)) this.#options.tracker.end(operation.record, status);
  }

  async #run(id: string, payload: unknown, operation: RunningOperation): Promise<void> {
    const { record, source } = operation;
    let stream: ResultStream | undefined;
    try {
      stream = await this.#begin(id, payload, operation);
      // One after the other: who does not read makes the stream wait, and merge.
      while (stream && (await this.#sendNext(id, stream, operation)));
      if (operation.isFailed || source.aborted) return;
      this.#forget(id, operation);
      await this.#send(JSON.stringify({ id, type: MessageType.Complete }));
    } catch (error) {
      const failure = this.#mask(error, record);
      if (source.aborted) return;
      this.#forget(id, operation);
      await this.#send(errorMessage(id, failure));
    } finally {
      // A result that cannot be written ends its stream as well.
      void stream?.return?.();
    }
  }

  // The next result is written by `then`: an `await` would keep each result for as long as its client lets it wait.

  /** Runs an operation, and sends its result. @returns its results instead, if they are a stream */
  #begin(id: string, payload: unknown, operation: RunningOperation): Promise<ResultStream | undefined> {
    const { record, body } = operation;
    const { pipeline, hooksFor } = this.#options;
    const params = paramsFromJson(payload, 'payload');
    if (!body.hold(params.weight)) throw OVERLOADED;
    return Promise.resolve(hooksFor?.(this.#upgrade, record, params))
      .then((hooks) => pipeline.run({ params, record, hooks, mayStream: true }))
      .then((result) => {
        body.release();
        operation.isStream = isStream(result);
        return isStream(result) ? result : this.#sendResult(id, result, operation).then(() => undefined);
      });
  }

  /** Sends the next result of a stream. @returns whether there was one */
  #sendNext(id: string, stream: ResultStream, operation: RunningOperation): Promise<boolean> {
    return stream.next().then(({ value, done }) => {
      if (done || operation.source.aborted) return false;
      return this.#sendResult(id, value, operation).then(() => true);
    });
  }

  #sendResult(id: string, result: ExecutionResult, operation: RunningOperation): Promise<unknown> {
    if (operation.source.aborted) return Promise.resolve();
    operation.isFailed = isFailure(result);
    if (operation.isFailed) this.#forget(id, operation);
    return this.#send(operation.isFailed ? errorMessage(id, result) : nextMessage(id, result));
  }

  #requestWith(headers: SentHeaders, signal = new AbortSource()): SocketClientRequest {
    return new SocketClientRequest(this.#upgrade, headers, signal);
  }

  #mask(error: unknown, record: RequestRecord): ExecutionResult {
    return this.#options.pipeline.mask({ errors: [error as GraphQLError] }, record);
  }

  /** Resolves when the system has taken it, or nobody is there to take it. */
  #send(text: string): Promise<unknown> {
    let taken: (error?: Error) => void = () => undefined;
    const sent = new Promise<unknown>((resolve) => {
      taken = resolve;
    });
    // As bytes, and in no closure: what waits for its client takes nothing of the heap.
    this.#socket.send(Buffer.from(text), { binary: false }, taken);
    return sent;
  }

  /** Messages that no operation waits with. */
  #reply(text: string): void {
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES) this.#socket.terminate();
    else this.#socket.send(text, () => undefined);
  }

  /** @returns whether the client keeps to what it may send. */
  #count(): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    const now = this.#options.clock.now();
    if (now - this.#messagesSince >= MESSAGES_MS) {
      this.#messagesSince = now;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages <= MAX_MESSAGES) return true;
    this.#socket.close(
      CloseCode.TooManyInitialisationRequests,
      `Too many messages: ${MAX_MESSAGES} a second`,
    );
    // Further messages are not even looked at.
    this.#socket.pause();
    return false;
  }

  #arrive(bytes: number): void {
    this.#isAlive = true;
    if (!this.#arriving) {
      this.#arriving = this.#options.openLease(this.#requestWith(this.#headers ?? NO_HEADERS));
      this.#arriving.onEvict = () => this.#evict();
    }
    if (!this.#arriving.take(bytes)) this.#evict();
  }

  #evict(): void {
    this.#socket.close(TRY_AGAIN_LATER, 'There is no room for this message. Send it again in a moment.');
    this.#socket.terminate();
  }

  #releaseArriving(): void {
    this.#arriving?.release();
    this.#arriving = undefined;
  }

  #ping(): void {
    // It is known to be slow; who takes nothing at all is given up by the server.
    if (this.#socket.bufferedAmount > 0) return;
    if (this.#isAlive) this.#socket.ping();
    else this.#socket.terminate();
    this.#isAlive = false;
  }

  #closeIfDone(): void {
    if (this.#isEnding && this.#running.size === 0 && !this.#isClosed)
      this.#socket.close(GOING_AWAY, 'Going away');
  }

  #closed(): void {
    this.#isClosed = true;
    this.#cancelInit();
    this.#cancelPing();
    this.#releaseArriving();
    for (const operation of this.#running) {
      operation.source.abort();
      // The process leaves, and may take with it how a write has ended.
      if (this.#isEnding) this.#over(operation, 503);
    }
  }
}
