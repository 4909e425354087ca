import type { ExecutionResult, GraphQLError } from 'graphql';
import { AbortSource } from '../../base/signal.ts';
import type { ClientRequest } from '../../client-request.ts';
import { codedError, OVERLOADED } from '../../errors/coded-error.ts';
import type { Reservation } from '../../gate/memory.ts';
import type { Door } from '../../http/doors.ts';
import { SHUTTING_DOWN } from '../../http/guards.ts';
import { requestIdFor } from '../../http/response.ts';
import { isFailure } from '../../http/shown-result.ts';
import { CLIENT_LEFT, type RequestRecord } from '../../observability/request-record.ts';
import { paramsFromJson } from '../../operation/params.ts';
import { isStream } from '../../operation/pipeline.ts';
import type { ResultStream } from '../../operation/result-stream.ts';
import { MESSAGE } from './protocol.ts';
import { errorMessage, nextMessage } from './socket-messages.ts';
import type { SocketSender } from './socket-sender.ts';

interface SocketOperationsOptions extends Door {
  readonly sender: SocketSender;
  readonly requestWith: (signal: AbortSource) => ClientRequest;
  readonly onIdle: () => void;
}

interface Operation {
  readonly id: string;
  readonly record: RequestRecord;
  readonly signal: AbortSource;
  readonly body: Reservation;
  isStream: boolean;
  /** The operation has ended, because its last message had errors. */
  isFailed: boolean;
}

/** The most simultaneous operations of a connection. */
const MAX_OPERATIONS = 20;

const TOO_MANY = codedError(
  'TOO_MANY_OPERATIONS',
  `This connection already runs the allowed ${MAX_OPERATIONS} operations. Complete one of them, or open another connection.`,
  { limit: MAX_OPERATIONS, outcome: 'NOT_EXECUTED' },
);

/** The operations of a connection. Each passes the pipeline like a request. */
export function createSocketOperations(options: SocketOperationsOptions) {
  const { pipeline, tracker, memory, sender, requestWith, onIdle } = options;
  /** Operations whose id the client may still use. */
  const byId = new Map<string, Operation>();
  const running = new Set<Operation>();
  let isEnding = false;
  let isClosed = false;

  /** Lets the client use the id again. */
  const forget = (operation: Operation): void => {
    if (byId.get(operation.id) === operation) byId.delete(operation.id);
  };

  const end = (operation: Operation, status: number): void => {
    operation.body.release();
    if (running.delete(operation)) tracker.end(operation.record, status);
  };

  const run = async (operation: Operation, payload: unknown): Promise<void> => {
    const { id, record, signal } = operation;
    let stream: ResultStream | undefined;
    try {
      stream = await begin(operation, payload);
      // Sends results one after the other, so a slow client makes the stream wait and merge.
      while (stream && (await sendNext(operation, stream)));
      if (operation.isFailed || signal.aborted) return;
      forget(operation);
      await sender.send(JSON.stringify({ id, type: MESSAGE.complete }));
    } catch (error) {
      const failure = pipeline.failed(error, record);
      if (signal.aborted) return;
      forget(operation);
      await sender.send(errorMessage(id, failure));
    } finally {
      // A result that cannot be serialized ends its stream too.
      void stream?.return?.();
    }
  };

  // Uses `then`, because `await` would keep each result in memory until the client has read it.

  /** Runs an operation and sends its result. @returns the stream of a subscription instead */
  const begin = (operation: Operation, payload: unknown): Promise<ResultStream | undefined> => {
    const { record, body } = operation;
    const params = paramsFromJson(payload, 'payload');
    if (!body.parsed(params.weight)) throw OVERLOADED;
    return pipeline.run({ params, record, mayStream: true, reservation: body }).then((result) => {
      operation.isStream = isStream(result);
      return isStream(result) ? result : sendResult(operation, result).then(() => undefined);
    });
  };

  /** Sends the next result of a stream. @returns whether there was a result */
  const sendNext = (operation: Operation, stream: ResultStream): Promise<boolean> =>
    stream.next().then(({ value, done }) => {
      if (done || operation.signal.aborted) return false;
      return sendResult(operation, value).then(() => true);
    });

  const sendResult = (operation: Operation, result: ExecutionResult): Promise<unknown> => {
    if (operation.signal.aborted) return Promise.resolve();
    operation.isFailed = isFailure(result);
    if (operation.isFailed) forget(operation);
    return sender.send(
      operation.isFailed ? errorMessage(operation.id, result) : nextMessage(operation.id, result),
    );
  };

  return {
    has: (id: string): boolean => byId.has(id),
    /** Begins an operation. `bytes`: the size of its message. */
    subscribe(id: string, payload: unknown, bytes: number): void {
      const signal = new AbortSource();
      const request = requestWith(signal);
      const record = tracker.begin(request, requestIdFor(undefined));
      const body = memory.reserve(request);
      const hasRoom = body.take(bytes);
      let refusal: GraphQLError | undefined;
      if (isEnding) refusal = SHUTTING_DOWN;
      else if (running.size >= MAX_OPERATIONS) refusal = TOO_MANY;
      else if (!hasRoom) refusal = OVERLOADED;
      if (refusal) {
        body.release();
        sender.reply(errorMessage(id, pipeline.failed(refusal, record)));
        tracker.end(record, 200);
        return;
      }
      const operation: Operation = { id, record, signal, body, isStream: false, isFailed: false };
      byId.set(id, operation);
      running.add(operation);
      void run(operation, payload).finally(() => {
        forget(operation);
        // Completing a stream is the normal way to leave it.
        end(operation, signal.aborted && (isClosed || !operation.isStream) ? CLIENT_LEFT : 200);
        if (running.size === 0) onIdle();
      });
    },
    complete(id: string): void {
      byId.get(id)?.signal.abort();
      byId.delete(id);
    },
    /** Accepts no further operations. @returns whether none is running */
    end(): boolean {
      isEnding = true;
      return running.size === 0;
    },
    /** The connection is closed. */
    closed(): void {
      isClosed = true;
      for (const operation of running) {
        operation.signal.abort();
        // The process is stopping, and may end before the outcome of a write is known.
        if (isEnding) end(operation, 503);
      }
    },
  };
}
