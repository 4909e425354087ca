import type { IncomingMessage } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { CLIENT_LEFT, type RequestRecord, type RequestTracker } from '../observability/request-record.ts';
import type { OperationSlot } from '../operation/envelop-hooks.ts';
import type { OperationParams } from '../operation/params.ts';
import { type ExecutionHooks, isStream, type Pipeline } from '../operation/pipeline.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import { type BodyLease, CUT_OFF } from './client-body.ts';
import { checkAccept, checkMethod, type HostCheck } from './guards.ts';
import type { HttpHandler } from './http-handler.ts';
import { FetchRequest } from './http-request.ts';
import { type NodeHandler, type NodeRequest, wasRead } from './node.ts';
import {
  COMMON_HEADERS,
  errorResponse,
  type HttpResponse,
  isStreamed,
  negotiateTypes,
  REQUEST_ID,
  requestIdFor,
  responseTo,
  type StreamedBody,
} from './response.ts';

export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly handler: HttpHandler;
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  /** For requests that come without a node:http server, whose listener has checked its own. */
  readonly checkHost: HostCheck;
  /** The hooks of an operation; `context` is what the plugins of an embedder share. Undefined: there are none. */
  readonly hooksFor: ((getEnveloped: Yoga['getEnveloped'], context: object) => ExecutionHooks) | undefined;
  /** The plugins of an embedder, in their order. */
  readonly plugins: readonly object[];
}

/** As Yoga's: a request, or what makes one, and what an embedder's plugins are to find in their context. */
export type Fetch = YogaServerInstance<object, Context>['fetch'];

type Yoga = ReturnType<typeof createYoga<ServerContext, Context>>;

/** The facts that go with a request through Yoga. */
interface ServerContext {
  readonly operation: RequestSlot;
}

/** The record is put in by the server that took the request, or else by the first hook that sees it. */
interface RequestSlot extends OperationSlot {
  record?: RequestRecord;
  /** As the node:http server has it; undefined: it came without one. */
  readonly sent?: NodeRequest;
  /** Whether something in front of the gateway has read the request. */
  readonly wasRead?: boolean;
  /** The memory lease of the body; the operation gives it back, or else the end of the request. */
  lease?: BodyLease | undefined;
  isRunning?: boolean;
  /** The results of a subscription, and the body of the response that sends them as they come. */
  results?: ResultStream;
  stream?: StreamedBody;
}

export type YogaAdapter = ReturnType<typeof createYogaAdapter>;

/** Takes requests of the Fetch API, and all of a gateway with plugins: Yoga hosts them around the steps of the handler. */
export function createYogaAdapter(options: YogaOptions) {
  const { schema, pipeline, tracker, hooksFor, plugins } = options;
  const yoga: Yoga = createYoga<ServerContext, Context>({
    schema,
    // The routes refuse what is no operation's path.
    graphqlEndpoint: '/graphql{/*}?',
    // Ours answers instead. Yoga's takes every URL that ends in this, and no URL has a space in it.
    healthCheckEndpoint: ' ',
    landingPage: false,
    graphiql: false,
    cors: false,
    multipart: false,
    // The body is counted as it is read; Yoga's limiter halves the throughput.
    maxRequestBodySize: false,
    // The pipeline masks, and what Yoga makes of a failure of its own or of a plugin goes through the same.
    maskedErrors: false,
    logging: { debug() {}, info() {}, warn() {}, error: (error: unknown) => tracker.unexpected(error) },
    parserAndValidationCache: false,
    extraParamNames: ['documentId', 'doc_id', 'pathId'],
    plugins: [beforePlugins(options), ...plugins, afterPlugins(options, () => yoga.getEnveloped)],
  });

  /** The response, also where a plugin fails outside of Yoga's care, which would show the client where in a stack trace. */
  const answering = async (slot: RequestSlot, answer: () => Response | PromiseLike<Response>) => {
    try {
      return await answer();
    } catch (error) {
      const { record } = slot;
      endStream(slot);
      // Nobody waits, or it has not come as far as to be a request.
      if (!record || record.request.signal.aborted) throw error;
      const { body, status, headers } = responseTo(pipeline.failed(error, record), 'application/json');
      const own = { ...COMMON_HEADERS, [REQUEST_ID]: record.requestId };
      return new yoga.fetchAPI.Response(body, { status, headers: { ...own, ...headers } });
    }
  };

  const answer: NodeHandler = async (sent, response, record) => {
    const { message } = sent;
    const operation: RequestSlot = { record, sent, wasRead: wasRead(message) };
    response.once('close', () => {
      releaseUnlessRunning(operation);
      endStream(operation);
    });
    const context = { req: message, res: response, waitUntil: yoga.waitUntil, operation };
    try {
      const answer = await answering(operation, () =>
        yoga.handleNodeRequestAndResponse(message, response, context),
      );
      // Something else answers: nobody takes the results.
      if (response.headersSent) return endStream(operation);
      operation.stream?.watch(message.socket);
      await sendNodeResponse(answer, response, message, true);
    } catch (error) {
      // Where the client has left, that is why.
      if (!response.destroyed) tracker.unexpected(error, record);
      response.destroy();
    }
  };
  // A context of its own for each request: an embedder may give the same one again and again.
  const fetch = async (...args: unknown[]) => {
    const operation: RequestSlot = {};
    let status = CLIENT_LEFT;
    try {
      const response = await answering(operation, () =>
        (yoga.fetch as (...all: unknown[]) => ReturnType<Yoga['fetch']>)(...args, { operation }),
      );
      ({ status } = response);
      return response;
    } finally {
      releaseUnlessRunning(operation);
      if (operation.record) tracker.end(operation.record, status);
    }
  };
  /** For an operation that comes past Yoga, by a WebSocket. */
  const hooksForSocket = (req: IncomingMessage, record: RequestRecord, params: object) =>
    hooksFor?.(yoga.getEnveloped, {
      req,
      params,
      operation: { record } satisfies RequestSlot,
      // Made for plugins alone.
      get request() {
        const headers = req.headers as Record<string, string>;
        return new yoga.fetchAPI.Request(`http://${headers.host ?? 'localhost'}/graphql`, { headers });
      },
    });
  return { answer, fetch: fetch as Fetch, hooksForSocket };
}

/** A plugin may have answered in the place of the operation. */
function releaseUnlessRunning({ isRunning, lease }: RequestSlot): void {
  if (!isRunning) lease?.release();
}

/** Nobody takes its results. */
function endStream({ stream, results }: RequestSlot): void {
  stream?.destroy();
  void results?.return?.();
}

function contextOf(serverContext: object) {
  return serverContext as ServerContext & { readonly operation: { readonly record: RequestRecord } };
}

/** Yoga's responses take Node's streams as well. */
function asResponse({ status, headers, body }: HttpResponse, Response: typeof globalThis.Response): Response {
  // It writes into the headers that it is given.
  return new Response((body === '' ? null : body) as never, { status, headers: { ...headers } });
}

/** Follows requests that come without a node:http server, answers pages, and puts on every response what it carries. */
function beforePlugins({ handler, pipeline, tracker, checkHost }: YogaOptions): Plugin<Context> {
  return {
    async onRequest({ request, url, serverContext, setRequest, endResponse, fetchAPI }) {
      const { operation } = serverContext as unknown as ServerContext;
      const plain = new FetchRequest(request, url);
      operation.record ??= tracker.begin(plain, requestIdFor(plain.header(REQUEST_ID)));
      if (request.method === 'QUERY') setRequest(asPost(request));
      const refusal = operation.sent
        ? undefined
        : checkHost({ host: url.host, origin: plain.header('origin'), path: plain.path });
      if (refusal) tracker.answered(operation.record, [refusal]);
      const answer = refusal ? errorResponse(refusal, plain.header('accept')) : await handler.page(plain);
      if (answer) endResponse(asResponse(answer, fetchAPI.Response));
    },
    onResultProcess({ request, result, setResult, setResultProcessor, serverContext }) {
      if (Array.isArray(result)) return;
      const { operation } = contextOf(serverContext);
      const { record } = operation;
      const hasMore = Symbol.asyncIterator in result;
      if (!hasMore) setResult(pipeline.mask(result as ExecutionResult, record));
      // Yoga's own choice leaves out how much a client wants each.
      const types = negotiateTypes(request.headers.get('accept'));
      const type = (hasMore ? undefined : types.answer) ?? types.stream;
      if (type === undefined) return;
      const respond = async (
        final: ExecutionResult,
        { Response }: { readonly Response: typeof globalThis.Response },
      ) => {
        // A plugin, or its failure, has put another result in the place of those of a subscription.
        if (!isStream(final)) endStream(operation);
        const response = await handler.respond(final, types, record);
        if (isStreamed(response.body)) operation.stream = response.body;
        return asResponse(response, Response);
      };
      setResultProcessor(respond as never, type);
    },
    onResponse({ request, response: { headers }, serverContext }) {
      const { record } = contextOf(serverContext).operation;
      headers.set(REQUEST_ID, record.requestId);
      for (const name of Object.keys(COMMON_HEADERS)) {
        if (!headers.has(name)) headers.set(name, COMMON_HEADERS[name] as string);
      }
      const header = (name: string) => request.headers.get(name);
      const cors = handler.cors?.({ method: request.method, header }, headers.get('vary')) ?? {};
      for (const [name, value] of Object.entries(cors)) headers.set(name, value);
    },
  };
}

/** The same request for Yoga, which refuses other methods than GET and POST. Its record keeps the method that it came by. */
function asPost(request: Request): Request {
  return new Proxy(request, {
    get(target, name) {
      if (name === 'method') return 'POST';
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Takes the place of Yoga's parsers, which quote broken JSON back and answer broken variables in a URL with 500, and of its execution. */
function afterPlugins(
  { handler, pipeline, hooksFor }: YogaOptions,
  getEnveloped: () => Yoga['getEnveloped'],
): Plugin<Context> {
  return {
    async onRequest({ request, url, endResponse, fetchAPI }) {
      const answer = await handler.route(new FetchRequest(request, url));
      if (answer) endResponse(asResponse(answer, fetchAPI.Response));
    },
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      const refusal = checkAccept(negotiateTypes(request.headers.get('accept')));
      // Not thrown: Yoga would find no media type for it.
      if (refusal) return endResponse(asResponse(errorResponse(refusal), fetchAPI.Response));
      const { operation } = contextOf(serverContext);
      const plain = new FetchRequest(request, url);
      setRequestParser(async () => {
        // Its client left while a plugin waited; no event says so again.
        if (operation.record.request.signal.aborted) throw CUT_OFF;
        // Yoga's request keeps a body that a plugin has read.
        const isAtPlugin = operation.sent && wasRead(operation.sent.message) && !operation.wasRead;
        const sent = isAtPlugin ? plain : (operation.sent ?? plain);
        operation.lease = handler.openLease(plain, sent.headBytes);
        const params = await handler.read(plain, operation.lease, sent);
        const { query = '', weight: _weight, ...others } = params;
        // Yoga insists on a text as the query; beside an id an empty one is none.
        return { query, ...others };
      });
    },
    onParams({ setParamsHandler }) {
      setParamsHandler(async ({ params, request, context }) => {
        const { operation } = contextOf(context);
        const hooks = hooksFor?.(getEnveloped(), Object.assign(context, { request, params }));
        operation.isRunning = true;
        const result = await pipeline.run({
          params: params as unknown as OperationParams,
          record: operation.record,
          hooks,
          checkMethod,
          mayStream: negotiateTypes(request.headers.get('accept')).stream !== undefined,
          lease: operation.lease,
        });
        if (isStream(result)) operation.results = result;
        return result as never;
      });
    },
  };
}
