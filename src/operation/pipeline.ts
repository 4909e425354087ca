import { type ExecutionResult, GraphQLError, type GraphQLSchema, type OperationTypeNode } from 'graphql';
import type { Acceptance, Identify, Identity } from '../callers/identify.ts';
import { isSamePermissions } from '../callers/permissions.ts';
import type { Beginning, Context } from '../context.ts';
import { CANNOT_RUN, MALFORMED, OVERLOADED, requestError } from '../errors/coded-error.ts';
import { maskErrors, withOutcomes } from '../errors/masking.ts';
import { type Execute, type ExecuteArgs, isPromise } from '../execution/execute.ts';
import { type SubscribeArgs, type Subscribed, subscribe } from '../execution/subscribe.ts';
import type {
  ClientRequest,
  RequestRecord,
  RequestTracker,
  WriteBegun,
  WriteFacts,
} from '../observability/request-record.ts';
import type { Limits } from '../plan/limits.ts';
import { checkScopes } from '../plan/required-scopes.ts';
import { checkPrice } from '../plan/size.ts';
import { coerceVariables } from '../plan/variables.ts';
import type { Clock } from '../transport/clock.ts';
import { stringifyExactJson } from '../transport/json.ts';
import type { DocumentCache, DocumentEntry } from './document-cache.ts';
import type { DocumentResolver, ResolvedDocument } from './document-resolver.ts';
import { HEAP_PER_BYTE, type OperationParams } from './params.ts';
import { refusedWrites } from './refused-writes.ts';
import { addReport, planResult, reportModeOf } from './report.ts';
import { type ResultStream, watchResults } from './result-stream.ts';
import { inTimeSlices } from './time-slices.ts';

/** The steps of the pipeline as the plugins of an embedder wrap them. */
export interface ExecutionHooks {
  /** The entry to go on with: that of the text, or of a document that was put in its place. */
  parse(entry: DocumentEntry, text: string): DocumentEntry;
  /** Why the entry's document is not valid. */
  validate(entry: DocumentEntry): readonly GraphQLError[];
  createContext(context: Context): Context | PromiseLike<Context>;
  execute(args: ExecuteArgs): ExecutionResult | PromiseLike<ExecutionResult>;
  subscribe(args: SubscribeArgs): Promise<Subscribed>;
  /** The subscription is over, whatever has become of its results. */
  ended(): void;
}

export interface PipelineOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly documents: DocumentCache;
  readonly persisted: DocumentResolver;
  readonly identify: Identify;
  readonly wasAccepted: Acceptance['wasAccepted'];
  readonly execute: Execute;
  readonly contextFor: (beginning: Beginning) => Context;
  readonly tracker: RequestTracker;
  readonly clock: Clock;
}

/** An operation as an adapter hands it over. */
interface OperationInput {
  readonly params: OperationParams;
  readonly record: RequestRecord;
  /** Undefined: no plugin wraps anything. */
  readonly hooks?: ExecutionHooks | undefined;
  /** Throws when the request's method may not carry such an operation. */
  readonly checkMethod?: ((type: OperationTypeNode, request: ClientRequest) => void) | undefined;
  /** Whether the adapter can answer with more than one result. */
  readonly mayStream?: boolean | undefined;
  /** For the memory of the parameters and the document: held until there is a result, or a subscription, which keeps them, is over. */
  readonly lease?: { hold(bytes: number): boolean; release(): void } | undefined;
}

/** The way of every operation, whichever adapter it came by. */
export interface Pipeline {
  /** Gives the result, or those of a subscription where the adapter may stream; it never throws. */
  run(input: OperationInput & { readonly mayStream?: false }): Promise<WritableResult>;
  run(input: OperationInput): Promise<WritableResult | ResultStream>;
  /** A result as the client may see it: also of a request whose operation cannot be read. */
  mask(result: ExecutionResult, record: RequestRecord): ExecutionResult;
  /** The same of a request that came to nothing but this error. */
  failed(error: unknown, record: RequestRecord): ExecutionResult;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { schema, limits, documents, persisted, identify, wasAccepted, contextFor, tracker, clock } = options;
  const plain = { execute: options.execute, subscribe };

  /** Late: what is kept is valid then, and the operation may have been the first that a key was accepted with. */
  const register = (document: ResolvedDocument, identity: Identity, request: ClientRequest) => {
    if (!identity.refusal && wasAccepted(request)) persisted.register(document, identity.origin.account);
  };

  /** The results of a subscription, for as long as its caller may have them. */
  const watch = (
    results: AsyncIterableIterator<ExecutionResult>,
    identity: Identity,
    { record, lease, hooks }: OperationInput,
  ) =>
    watchResults(results, {
      signal: record.request.signal,
      clock,
      async mayGoOn() {
        const now = await identify(record.request);
        if (now.refusal) throw now.refusal;
        return isSamePermissions(now.permissions, identity.permissions);
      },
      finish: (one) => mask(one, record),
      onEnd() {
        lease?.release();
        hooks?.ended();
      },
      onUnexpected: (error) => tracker.unexpected(error, record),
    });

  const eventInTurn = inTimeSlices((executeEvent: () => Promise<ExecutionResult>) => executeEvent());

  async function answer(input: OperationInput): Promise<WritableResult | ResultStream> {
    const { params, record, hooks, checkMethod, mayStream = false, lease } = input;
    record.phases?.begin();
    const { request } = record;
    const identified = identify(request);
    const identity = identified instanceof Promise ? await identified : identified;
    record.caller = identity.permissions?.name;
    const account = identity.refusal ? undefined : identity.origin.account;
    const resolved = persisted.resolve(params, account);
    const sent = resolved instanceof Promise ? await resolved : resolved;
    const { text } = sent;
    const known = documents.get(text);
    const entry = hooks ? hooks.parse(known, text) : known;
    record.phases?.end('parse');
    const refusals = hooks && entry.document ? hooks.validate(entry) : entry.refusals;
    const operation = entry.find(params.operationName);
    if (operation) record.operation = operation.facts;
    record.document = entry;
    if (!entry.document) return { errors: refusals };
    if (!operation) return NO_OPERATION;
    checkMethod?.(operation.facts.type, request);
    record.phases?.end('validate');
    if (refusals.length > 0) return { errors: refusals };
    if (!operation.hasRoot) return NO_MUTATION;

    const forbidden =
      identity.permissions?.scopes && checkScopes(operation.requiredScopes(), identity.permissions);
    if (forbidden) {
      for (const write of refusedWrites(operation, params.variables, 'FORBIDDEN'))
        tracker.wrote(record, write);
      return { errors: [forbidden] };
    }

    const variables = coerceVariables(operation, params.variables);
    if ('errors' in variables) return variables;
    const price = operation.price(variables.coerced);
    const mode = reportModeOf(request);
    if (mode === 'plan') return planResult(price, limits);
    const refusal = checkPrice(price, limits);
    if (refusal) return { errors: [refusal] };
    // The cache may have the document no more.
    if (lease && !lease.hold((entry.weight + operation.weight) / HEAP_PER_BYTE))
      return { errors: [OVERLOADED] };

    const writes: WriteFacts[] | undefined = operation.facts.type === 'mutation' ? [] : undefined;
    const writing = (write: WriteBegun) => tracker.writing(record, write, writes);
    const beginning: Beginning = { request, identity, cost: price.calls, writing };
    const context = contextFor(beginning);
    const contextValue = hooks ? await hooks.createContext(context) : context;
    record.phases?.end('context');
    tracker.running(record, contextValue.caller.usage);
    const args: ExecuteArgs = {
      schema,
      document: entry.document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue,
      prepared: operation,
      coerced: variables.coerced,
      limits,
    };
    const { execute, subscribe: begin } = hooks ?? plain;
    if (operation.facts.type === 'subscription') {
      if (!mayStream) return { errors: [NO_STREAM] };
      const executeEvent = (rootValue: unknown) =>
        eventInTurn(async () => {
          const next = contextFor(beginning);
          const eventContext = hooks ? await hooks.createContext(next) : next;
          const event = await execute({ ...args, rootValue, contextValue: eventContext });
          return addReport(event, mode, eventContext.caller.usage);
        });
      const subscribed = await begin({ ...args, executeEvent });
      if (sent.registers !== undefined) register(sent, identity, request);
      if (!isStream(subscribed)) return subscribed;
      return watch(subscribed, identity, input);
    }
    const result = await execute(args);
    record.phases?.end('execute');
    if (sent.registers !== undefined) register(sent, identity, request);
    const reported = addReport(result, mode, contextValue.caller.usage, writes);
    // The value that a function returned may hold integers that a double does not; only writes lead to it.
    return operation.facts.type === 'mutation' ? { ...reported, stringify: stringifyExactJson } : reported;
  }

  const answerInTurn = inTimeSlices(answer);

  const mask: Pipeline['mask'] = (result, record) => {
    if (!result.errors) return result;
    const masked = maskErrors(result.errors, {
      hasData: result.data !== undefined,
      coordinateOf: (field) => record.document?.coordinateOf(field),
      onUnexpected(error) {
        tracker.unexpected(error, record);
        return record.requestId;
      },
    });
    const errors =
      record.operation?.type === 'mutation' ? withOutcomes(masked, progressOf(record), result.data) : masked;
    tracker.answered(record, errors);
    return { ...result, errors };
  };

  const failed: Pipeline['failed'] = (error, record) => mask({ errors: [error as GraphQLError] }, record);

  return {
    mask,
    failed,
    async run(input: OperationInput) {
      const { record, lease, mayStream } = input;
      try {
        const answered = (await answerInTurn(input)) as WritableResult;
        if (mayStream && isStream(answered)) return answered as never;
        lease?.release();
        return answered.errors ? mask(answered, record) : answered;
      } catch (error) {
        lease?.release();
        return failed(error, record);
      }
    },
  };
}

function progressOf({ usage, writing, hasWritten }: RequestRecord) {
  return { hasRun: usage !== undefined, mayHaveWritten: hasWritten || (writing?.size ?? 0) > 0 };
}

/** Whether it is results as they come, rather than one. */
export function isStream(result: Subscribed): result is AsyncIterableIterator<ExecutionResult> {
  return Symbol.asyncIterator in result;
}

/** Ends an operation, whatever executes it, as soon as its key is taken for a made-up one: nobody waits for its fields. */
export function endWithRefusedKey(execute: Execute): Execute {
  return (args) => {
    const result = execute(args);
    const { keyRefused } = (args.contextValue as Context).caller;
    if (!keyRefused || !isPromise(result)) return result;
    return Promise.race([
      result as PromiseLike<ExecutionResult>,
      keyRefused.then((error) => ({ errors: [error] })),
    ]);
  };
}

/** A result that says how it is written as JSON: Yoga looks for that as well. */
export interface WritableResult extends ExecutionResult {
  readonly stringify?: (result: ExecutionResult) => string;
}

const NO_STREAM = requestError(
  'NOT_ACCEPTABLE',
  406,
  'A subscription is answered by a stream. Accept text/event-stream or multipart/mixed;subscriptionSpec=1.0, or connect by WebSocket with the subprotocol graphql-transport-ws.',
);

/** The specification of September 2025 has it no valid document; graphql-js would begin to execute it. */
const NO_MUTATION: ExecutionResult = {
  errors: [
    new GraphQLError('This schema has no mutation: a gateway that is READ_ONLY reads only.', {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: CANNOT_RUN },
    }),
  ],
};

const NO_OPERATION: ExecutionResult = {
  errors: [
    new GraphQLError(
      'Could not determine what operation to execute. Set operationName to the name of an operation of the document; it may be left out where there is only one.',
      { extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: MALFORMED } },
    ),
  ],
};
