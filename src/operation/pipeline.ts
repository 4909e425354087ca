import type { ExecutionResult, OperationTypeNode } from 'graphql';
import type { Clock } from '../base/clock.ts';
import { stringifyExactJson } from '../base/json.ts';
import { isSameGrant } from '../callers/grant.ts';
import type { Acceptance, Identify, Identity } from '../callers/identify.ts';
import type { UserTable } from '../callers/user-table.ts';
import type { ClientRequest } from '../client-request.ts';
import type { Beginning, Context } from '../context.ts';
import { OVERLOADED } from '../errors/coded-error.ts';
import { type ExecuteArgs, execute, subscribe } from '../execution/execute.ts';
import { HEAP_PER_BYTE, type Reservation } from '../gate/memory.ts';
import type { Line, Turns } from '../gate/turns.ts';
import type {
  RequestRecord,
  RequestTracker,
  WriteBegun,
  WriteFacts,
} from '../observability/request-record.ts';
import type { Limits } from '../plan/limits.ts';
import type { Price } from '../plan/price.ts';
import { checkScopes } from '../plan/required-scopes.ts';
import { checkPrice } from '../plan/size.ts';
import { coerceVariables } from '../plan/variables.ts';
import type { DocumentCache } from './document-cache.ts';
import type { DocumentResolver, ResolvedDocument } from './document-resolver.ts';
import { createResultMask, type ResultMask } from './mask-result.ts';
import { LEFT, NO_MUTATION, NO_OPERATION, NO_STREAM, RefusedOperation } from './operation-errors.ts';
import type { OperationParams } from './params.ts';
import { refusedWrite } from './refused-writes.ts';
import { addReport, planResult, reportModeOf } from './report.ts';
import { type ResultStream, streamResults } from './result-stream.ts';

export interface PipelineOptions {
  readonly limits: Limits;
  readonly documents: DocumentCache;
  readonly persisted: DocumentResolver;
  readonly identify: Identify;
  readonly wasAccepted: Acceptance['wasAccepted'];
  readonly turns: Turns;
  readonly users: UserTable | undefined;
  readonly contextFor: (beginning: Beginning) => Context;
  readonly tracker: RequestTracker;
  readonly clock: Clock;
}

interface OperationInput {
  readonly params: OperationParams;
  readonly record: RequestRecord;
  /** @throws if the request's method does not allow this type of operation. */
  readonly checkMethod?: ((type: OperationTypeNode, request: ClientRequest) => void) | undefined;
  /** Whether the adapter can send more than one result. */
  readonly mayStream?: boolean | undefined;
  /** Whether the adapter has waited for the client's turn. */
  readonly hasTurn?: boolean | undefined;
  /** The memory budget of parameters and document. Held until there is a result or the subscription is over. */
  readonly reservation?: Reservation | undefined;
}

type Answered = WritableResult | ResultStream;

/**
 * The largest answer for a client without an accepted key, in bytes of UTF-8. The whole schema takes a quarter of it. Many such clients that do
 * not read could otherwise fill the memory with answers of 16 MB.
 */
const UNPROVEN_ANSWER_BYTES = 1024 * 1024;
/** Operations with fewer objects have small answers, so this limit does not concern them. */
const UNPROVEN_OBJECTS = 1_000;

/** The operations of all adapters. */
export interface Pipeline extends ResultMask {
  /** Returns the result, or the results of a subscription if the adapter may stream. Never throws. */
  run(input: OperationInput & { readonly mayStream?: false }): Promise<WritableResult>;
  run(input: OperationInput): Promise<WritableResult | ResultStream>;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { limits, documents, persisted, identify, wasAccepted, contextFor, tracker, clock } = options;
  const { turns, users } = options;
  const { mask, failed } = createResultMask(tracker);

  const unprovenLimits = { ...limits, answerBytes: Math.min(limits.answerBytes, UNPROVEN_ANSWER_BYTES) };
  /** Whether a large answer would be made without any REST call that proves the key, such as an introspection under many aliases. */
  const isUnproven = ({ calls, objects }: Price, request: ClientRequest) =>
    calls === 0 && objects > UNPROVEN_OBJECTS && !wasAccepted(request);

  /** Called after the execution: by then LuaAuth may have accepted the key for the first time. */
  const register = (document: ResolvedDocument, identity: Identity, request: ClientRequest) => {
    if (!identity.refusal && wasAccepted(request)) persisted.register(document, identity.origin.account);
  };

  /** The results of a subscription, until its caller loses access. */
  const follow = (
    events: AsyncIterable<unknown>,
    executeEvent: (event: unknown) => Promise<ExecutionResult>,
    identity: Identity,
    { record, reservation }: OperationInput,
  ) =>
    streamResults(events[Symbol.asyncIterator](), {
      signal: record.request.signal,
      clock,
      async mayGoOn() {
        const now = await identify(record.request);
        if (now.refusal) throw now.refusal;
        return isSameGrant(now.grant, identity.grant);
      },
      execute: executeEvent,
      mask: (result) => mask(result, record),
      onEnd: () => reservation?.release(),
      onUnexpected: (error) => tracker.unexpected(error, record),
    });

  /**
   * Not an async function, which would keep all its variables while the execution waits.
   * @throws RefusedOperation or a GraphQLError, at once or as a rejection
   */
  function answer(
    input: OperationInput,
    identity: Identity,
    sent: ResolvedDocument,
  ): Answered | Promise<Answered> {
    const { params, record, checkMethod, mayStream = false, reservation } = input;
    const { request } = record;
    const { text } = sent;
    const entry = documents.get(text);
    const { refusals } = entry;
    const operation = entry.find(params.operationName);
    if (operation) record.operation = operation.facts;
    record.document = entry;
    if (!entry.document) throw new RefusedOperation(refusals);
    if (!operation) throw NO_OPERATION;
    checkMethod?.(operation.facts.type, request);
    if (refusals.length > 0) throw new RefusedOperation(refusals);
    if (!operation.hasRoot) throw NO_MUTATION;

    const forbidden = identity.grant?.scopes && checkScopes(operation.requiredScopes(), identity.grant);
    if (forbidden) {
      const write = refusedWrite(operation, params.variables, 'FORBIDDEN');
      if (write) tracker.wrote(record, write);
      throw forbidden;
    }

    const variables = coerceVariables(operation, params.variables);
    if ('errors' in variables) throw new RefusedOperation(variables.errors);
    // A price tells how many keys a Discord id has, which only an accepted caller may learn.
    const price = operation.price(variables.coerced, identity.refusal ? undefined : users);
    const mode = reportModeOf(request);
    if (mode === 'plan') return planResult(price, limits);
    const refusal = checkPrice(price, limits);
    if (refusal) throw refusal;
    // The entry may have left the cache, so the operation counts its memory.
    if (reservation && !reservation.take(entry.weight / HEAP_PER_BYTE)) throw OVERLOADED;

    const { type } = operation.facts;
    const writes: WriteFacts[] | undefined = type === 'mutation' ? [] : undefined;
    const writing = (write: WriteBegun) => tracker.writing(record, write, writes);
    const beginning: Beginning = {
      request,
      identity,
      cost: price.calls,
      keepsSources: mode === 'report',
      writing,
    };
    const contextValue = contextFor(beginning);
    tracker.running(record, contextValue.caller.usage);
    const args: ExecuteArgs = {
      prepared: operation,
      coerced: variables.coerced,
      limits: isUnproven(price, request) ? unprovenLimits : limits,
      contextValue,
    };
    if (type === 'subscription') {
      if (!mayStream) throw NO_STREAM;
      const executeEvent = (rootValue: unknown) =>
        turns.run(
          request,
          async () => {
            const eventContext = contextFor(beginning);
            const event = await execute({ ...args, rootValue, contextValue: eventContext });
            return addReport(event, mode, eventContext.caller.usage);
          },
          true,
        );
      const subscribing = subscribe(args).finally(() => {
        if (sent.registers !== undefined) register(sent, identity, request);
      });
      return subscribing.then((events) => follow(events, executeEvent, identity, input));
    }
    const finish = (result: ExecutionResult) => {
      if (sent.registers !== undefined) register(sent, identity, request);
      const reported = addReport(result, mode, contextValue.caller.usage, writes);
      // The return value of a function may have integers that a double cannot hold. Only mutations return it.
      return type === 'mutation' ? { ...reported, stringify: stringifyExactJson } : reported;
    };
    return Promise.resolve(execute(args)).then(finish);
  }

  async function run(input: OperationInput): Promise<Answered> {
    const { params, record, reservation, mayStream, hasTurn = false } = input;
    let line: Line | undefined;
    let beganAt = performance.now();
    try {
      if (!hasTurn) {
        line = turns.begin() ?? (await turns.wait(record.request));
        beganAt = performance.now();
      }
      if (record.request.signal.aborted) throw LEFT;
      const identified = identify(record.request);
      const identity = identified instanceof Promise ? await identified : identified;
      record.caller = identity.grant?.name;
      const account = identity.refusal ? undefined : identity.origin.account;
      const sent = persisted.resolve(params, account);
      const answered = (await answer(input, identity, sent)) as WritableResult;
      if (mayStream && isStream(answered)) return answered;
      reservation?.release();
      return answered.errors ? mask(answered, record) : answered;
    } catch (error) {
      reservation?.release();
      return failed(error, record);
    } finally {
      if (line) turns.end(line);
      record.operationMs = performance.now() - beganAt;
    }
  }

  return { mask, failed, run: run as Pipeline['run'] };
}

export function isStream<Item>(result: ExecutionResult | AsyncIterable<Item>): result is AsyncIterable<Item> {
  return Symbol.asyncIterator in result;
}

/** A result that says how it is serialized. Yoga reads `stringify` too. */
export interface WritableResult extends ExecutionResult {
  readonly stringify?: (result: ExecutionResult) => string;
}
