import { type ExecutionResult, GraphQLError, type GraphQLSchema, type OperationTypeNode } from 'graphql';
import { checkScopes } from '../callers/check-scopes.ts';
import { isSameGrant } from '../callers/grant.ts';
import type { Identify } from '../callers/identify.ts';
import type { Beginning, Context } from '../context.ts';
import { requestError } from '../errors/coded-error.ts';
import { maskErrors } from '../errors/masking.ts';
import { withOutcomes } from '../errors/write-outcome.ts';
import type { ExecuteArgs } from '../execution/execute.ts';
import { type SubscribeArgs, type Subscribed, subscribe } from '../execution/subscribe.ts';
import { checkPrice, LimitMeter } from '../limits/answer-limits.ts';
import type { Limits } from '../limits/limits.ts';
import type { RequestRecord, RequestTracker, WriteBegun } from '../observability/request-record.ts';
import { stringifyExactJson } from '../transport/exact-json.ts';
import type { DocumentCache, DocumentEntry } from './document-cache.ts';
import type { OperationParams } from './params.ts';
import type { ResolveDocument } from './persisted/resolve.ts';
import { refusedWrites } from './refused-writes.ts';
import { addReport, planResult, reportModeOf } from './report.ts';
import { isStream, type ResultStream, watchResults } from './result-stream.ts';
import { coerceVariables } from './variables.ts';

/** The steps of the pipeline that plugins of an embedder can wrap. */
export interface Engine {
  /** The entry to go on with: that of the text, or of a document that was put in its place. */
  parse(entry: DocumentEntry, text: string): DocumentEntry;
  /** Why the entry's document is not valid. */
  validate(entry: DocumentEntry): readonly GraphQLError[];
  createContext(context: Context): Context | PromiseLike<Context>;
  execute(args: ExecuteArgs): ExecutionResult | PromiseLike<ExecutionResult>;
  subscribe(args: SubscribeArgs): Promise<Subscribed>;
}

/** As graphql's `execute`, with what is known of the operation beforehand. */
export type Execute = (args: ExecuteArgs) => ExecutionResult | PromiseLike<ExecutionResult>;

/** The engine without plugins: what stands in the document's entry is all that is to be known. */
export function createEngine(execute: Execute): Engine {
  return {
    parse: (entry) => entry,
    validate: (entry) => entry.refusals,
    createContext: (context) => context,
    execute,
    subscribe,
  };
}

export interface PipelineOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly documents: DocumentCache;
  readonly resolveDocument: ResolveDocument;
  readonly identify: Identify;
  readonly contextFor: (beginning: Beginning) => Context;
  readonly tracker: RequestTracker;
}

/** An operation as a door hands it over. */
export interface OperationInput {
  readonly params: OperationParams;
  readonly record: RequestRecord;
  /** Parse, validate and execute. */
  readonly engine: Engine;
  /** Throws when the request's method may not carry such an operation. */
  readonly checkMethod?: (type: OperationTypeNode) => void;
  /** Whether the door can answer with more than one result. */
  readonly mayStream?: boolean;
}

/** The way of every operation, whichever door it came by. */
export interface Pipeline {
  /** Gives the result, or those of a subscription where the door may stream; it never throws. */
  run(input: OperationInput & { readonly mayStream: true }): Promise<WritableResult | ResultStream>;
  run(input: OperationInput): Promise<WritableResult>;
  /** A result as the client may see it: also of a request whose operation cannot be read. */
  mask(result: ExecutionResult, record: RequestRecord): ExecutionResult;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { schema, limits, documents, resolveDocument, identify, contextFor, tracker } = options;

  async function answer(input: OperationInput): Promise<WritableResult | ResultStream> {
    const { params, record, engine, checkMethod, mayStream = false } = input;
    record.beginPhases();
    const resolved = resolveDocument(params);
    const text = typeof resolved === 'string' ? resolved : await resolved;
    const entry = engine.parse(documents.get(text), text);
    record.endPhase('parse');
    const refusals = entry.document ? engine.validate(entry) : entry.refusals;
    const operation = entry.find(params.operationName);
    if (operation) record.operation = operation.facts;
    if (!entry.document) return { errors: refusals };
    if (!operation) return NO_OPERATION;
    checkMethod?.(operation.facts.type);
    record.endPhase('validate');
    if (refusals.length > 0) return { errors: refusals };

    const { request } = record;
    const identified = identify(request);
    const identity = identified instanceof Promise ? await identified : identified;
    record.caller = identity.grant?.name;
    const forbidden = identity.grant && checkScopes(operation, identity.grant);
    if (forbidden) {
      for (const write of refusedWrites(schema, operation, params.variables, 'FORBIDDEN'))
        tracker.wrote(record, write);
      return { errors: [forbidden] };
    }

    const variables = coerceVariables(schema, operation.node, params.variables);
    if ('errors' in variables) return variables;
    const plan = operation.plan(variables.coerced);
    const mode = reportModeOf(request);
    if (mode === 'plan') return planResult(plan, limits);
    const refusal = checkPrice(plan, limits);
    if (refusal) return { errors: [refusal] };

    const writing = (write: WriteBegun) => tracker.writing(record, write);
    const createContext = () =>
      engine.createContext(contextFor({ request, identity, cost: plan.calls, writing }));
    const contextValue = await createContext();
    record.endPhase('context');
    tracker.running(record, contextValue.caller.usage);
    const args: ExecuteArgs = {
      schema,
      document: entry.document,
      operationName: params.operationName,
      variableValues: params.variables,
      contextValue,
      prepared: operation.prepared,
      coerced: variables.coerced,
      meter: new LimitMeter(limits),
    };
    if (operation.facts.type === 'subscription') {
      if (!mayStream) return { errors: [NO_STREAM] };
      const executeEvent = async (rootValue: unknown) => {
        const eventContext = await createContext();
        const meter = new LimitMeter(limits);
        const event = await engine.execute({ ...args, rootValue, contextValue: eventContext, meter });
        return addReport(event, mode, eventContext.caller.usage);
      };
      const subscribed = await engine.subscribe({ ...args, executeEvent });
      if (!isStream(subscribed)) return subscribed;
      const mayGoOn = async () => {
        const now = await identify(request);
        if (now.refusal) throw now.refusal;
        return isSameGrant(now.grant, identity.grant);
      };
      return watchResults(subscribed, {
        signal: request.signal,
        mayGoOn,
        finish: (one) => mask(one, record),
      });
    }
    const result = await engine.execute(args);
    record.endPhase('execute');
    documents.settle(text, entry);
    const reported = addReport(result, mode, contextValue.caller.usage);
    return operation.facts.type === 'mutation' ? withExactJson(reported) : reported;
  }

  const mask: Pipeline['mask'] = (result, record) => {
    if (!result.errors) return result;
    const masked = maskErrors(result.errors, result.data !== undefined, (error) => {
      tracker.unexpected(error, record);
      return record.requestId;
    });
    const isWrite = record.operation?.type === 'mutation';
    const errors = isWrite ? withOutcomes(masked, record.usage !== undefined) : masked;
    tracker.answered(record, errors);
    return { ...result, errors };
  };

  return {
    mask,
    async run(input: OperationInput) {
      try {
        const answered = await answer(input);
        return isStream(answered) ? (answered as never) : mask(answered, input.record);
      } catch (error) {
        return mask({ errors: [error as GraphQLError] }, input.record);
      }
    },
  };
}

/** A result that says how it is written as JSON: Yoga looks for that as well. */
export interface WritableResult extends ExecutionResult {
  readonly stringify?: (result: ExecutionResult) => string;
}

/** What a function returned may hold integers that a double does not; only writes lead to it. */
function withExactJson(result: ExecutionResult): WritableResult {
  return { ...result, stringify: stringifyExactJson };
}

const NO_STREAM = requestError(
  'NOT_ACCEPTABLE',
  406,
  'A subscription is answered by a stream. Accept text/event-stream or multipart/mixed;subscriptionSpec=1.0, or connect by WebSocket with the subprotocol graphql-transport-ws.',
);

const NO_OPERATION: ExecutionResult = {
  errors: [
    new GraphQLError('Could not determine what operation to execute.', {
      extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } },
    }),
  ],
};
