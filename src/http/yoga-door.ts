import type { IncomingMessage } from 'node:http';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { RequestRecord, RequestTracker } from '../observability/request-record.ts';
import type { OperationSlot } from '../operation/envelop-engine.ts';
import { type OperationParams, paramsFromBody, paramsFromUrl } from '../operation/params.ts';
import type { Engine, Pipeline } from '../operation/pipeline.ts';
import type { Clock } from '../transport/clock.ts';
import type { BodyBudget, BodyShare } from './body-budget.ts';
import { FetchClientRequest, hasCredential } from './client-request.ts';
import type { Compress } from './compression.ts';
import { checkMethod } from './csrf.ts';
import type { HostCheck } from './host-check.ts';
import { negotiateMediaType, negotiateStream } from './media-type.ts';
import { readOperationPath } from './operation-path.ts';
import { readNodeBody, readWebBody } from './read-body.ts';
import { checkAccept, checkContentType } from './request-gate.ts';
import type { Door } from './request-listener.ts';
import { COMMON_HEADERS, REQUEST_ID, requestIdFor } from './response.ts';
import { errorResponse, responseTo } from './result-response.ts';
import { createStreamProcessor } from './stream-response.ts';

export interface YogaDoorOptions {
  readonly schema: GraphQLSchema;
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  /** For requests that come without a node:http server, whose listener has checked its own. */
  readonly checkHost: HostCheck;
  readonly compress: Compress;
  readonly bodies: BodyBudget;
  readonly clock: Clock;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** The engine of an operation; `context` is what the plugins of an embedder share. */
  readonly engineFor: (yoga: Yoga, context: object) => Engine;
  /** In their order: what answers before an operation is read, and the plugins of an embedder. */
  readonly plugins: readonly Plugin<Context>[];
}

/** As Yoga's: a request, or what makes one, and what an embedder's plugins are to find in their context. */
export type Fetch = YogaServerInstance<object, Context>['fetch'];

export type Yoga = ReturnType<typeof createYoga<ServerContext, Context>>;

/** What goes with a request through Yoga. `req` is there at a node:http server. */
interface ServerContext {
  readonly req?: IncomingMessage;
  readonly operation: RequestSlot;
}

/** The record is put in by the server that took the request, or else by the first hook that sees it. */
interface RequestSlot extends OperationSlot {
  record?: RequestRecord;
  /** What the body holds; the operation gives it back, or else the end of the request. */
  body?: BodyShare;
  isRunning?: boolean;
}

export type YogaDoor = ReturnType<typeof createYogaDoor>;

/** Takes every kind of request: Yoga keeps HTTP, the pipeline runs the operation. */
export function createYogaDoor(options: YogaDoorOptions) {
  const { schema, pipeline, tracker, checkHost, engineFor, plugins } = options;
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
    plugins: [
      trackRequests(options),
      checkHosts(checkHost, tracker),
      ...plugins,
      readRequests(options),
      runOperations(),
    ],
  });

  function runOperations(): Plugin<Context> {
    return {
      onParams({ setParamsHandler }) {
        setParamsHandler(({ params, request, context }) => {
          const { operation } = context as unknown as ServerContext;
          const record = recordOf(context);
          operation.isRunning = true;
          const result = pipeline.run({
            params: params as unknown as OperationParams,
            record,
            engine: engineFor(yoga, Object.assign(context, { request, params })),
            checkMethod: (type) => checkMethod(type, record.request),
            mayStream: negotiateStream(record.request.header('accept')) !== undefined,
          });
          return result.finally(() => operation.body?.release());
        });
      },
    };
  }

  const door: Door = (request, response, record) => {
    const operation: RequestSlot = { record };
    response.once('close', () => releaseUnlessRunning(operation));
    return yoga(request, response, { operation });
  };
  // A context of its own for each request: an embedder may give the same one again and again.
  const fetch = async (...args: unknown[]) => {
    const operation: RequestSlot = {};
    try {
      return await (yoga.fetch as (...all: unknown[]) => ReturnType<Yoga['fetch']>)(...args, { operation });
    } finally {
      releaseUnlessRunning(operation);
    }
  };
  /** For an operation that comes past Yoga, by a WebSocket. */
  const engineForSocket = (req: IncomingMessage, record: RequestRecord, params: object): Engine =>
    engineFor(yoga, {
      req,
      params,
      operation: { record } satisfies RequestSlot,
      // Made for plugins alone.
      get request() {
        const headers = req.headers as Record<string, string>;
        return new yoga.fetchAPI.Request(`http://${headers.host ?? 'localhost'}/graphql`, { headers });
      },
    });
  return { door, fetch: fetch as Fetch, engineForSocket };
}

function recordOf(serverContext: object): RequestRecord {
  return (serverContext as ServerContext).operation.record as RequestRecord;
}

/** A plugin may have answered in the place of the operation. */
function releaseUnlessRunning({ isRunning, body }: RequestSlot): void {
  if (!isRunning) body?.release();
}

/** Follows requests that come without a node:http server, and puts on every response what it carries. */
function trackRequests({ pipeline, tracker, compress, clock }: YogaDoorOptions): Plugin<Context> {
  return {
    onRequest({ request, url, serverContext }) {
      const { operation } = serverContext as unknown as ServerContext;
      const id = () => requestIdFor(request.headers.get(REQUEST_ID));
      operation.record ??= tracker.begin(new FetchClientRequest(request, url.pathname), id());
    },
    onResultProcess({ request, result, setResult, setResultProcessor, serverContext }) {
      if (Array.isArray(result)) return;
      const record = recordOf(serverContext);
      const accept = request.headers.get('accept');
      const hasMore = Symbol.asyncIterator in result;
      if (!hasMore) setResult(pipeline.mask(result as ExecutionResult, record));
      // Yoga's own choice leaves out how much a client wants each.
      const mediaType = hasMore ? undefined : negotiateMediaType(accept);
      const streamType = negotiateStream(accept);
      if (mediaType) setResultProcessor(createResultProcessor(compress, record) as never, mediaType);
      else if (streamType) {
        const { signal } = record.request;
        const socket = (serverContext as unknown as ServerContext).req?.socket;
        const processor = createStreamProcessor({ streamType, signal, clock, socket });
        setResultProcessor(processor as never, streamType);
      }
    },
    onResponse({ response, serverContext }) {
      const record = recordOf(serverContext);
      response.headers.set(REQUEST_ID, record.requestId);
      for (const name of Object.keys(COMMON_HEADERS)) {
        if (!response.headers.has(name)) response.headers.set(name, COMMON_HEADERS[name] as string);
      }
      // At a server, the end of the response ends it.
      if (!(serverContext as unknown as ServerContext).req) tracker.end(record, response.status);
    },
  };
}

function createResultProcessor(compress: Compress, record: RequestRecord) {
  return (
    result: ExecutionResult,
    { Response }: { Response: typeof globalThis.Response },
    mediaType: string,
  ): Response | Promise<Response> => {
    const { body, ...init } = responseTo(result, mediaType);
    const plain = () => new Response(body, init);
    return (
      compress(body, result, record)?.then((compressed) => {
        if (compressed === undefined) return plain();
        const { encoding, bytes } = compressed;
        const headers = {
          ...init.headers,
          'content-encoding': encoding,
          'content-length': String(bytes.length),
        };
        return new Response(new Uint8Array(bytes), { ...init, headers });
      }) ?? plain()
    );
  };
}

function checkHosts(checkHost: HostCheck, tracker: RequestTracker): Plugin<Context> {
  return {
    onRequest({ request: { headers }, url, serverContext, endResponse, fetchAPI }) {
      if ((serverContext as unknown as ServerContext).req) return;
      const refusal = checkHost({ host: url.host, origin: headers.get('origin'), path: url.pathname });
      if (!refusal) return;
      tracker.answered(recordOf(serverContext), [refusal]);
      const { body, ...init } = errorResponse(refusal, headers.get('accept'));
      endResponse(new fetchAPI.Response(body, init));
    },
  };
}

/** Reads requests in the place of Yoga's parsers, which quote broken JSON back and answer broken variables in a URL with 500. */
function readRequests({ bodies, maxBodyBytes }: YogaDoorOptions): Plugin<Context> {
  return {
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI }) {
      const refusal = checkAccept(request.headers.get('accept'));
      if (refusal) {
        // Not thrown: Yoga would find no media type to tell it in.
        const { body, ...init } = errorResponse(refusal);
        return endResponse(new fetchAPI.Response(body, init));
      }
      const path = readOperationPath(url.pathname);
      if (request.method === 'GET') {
        return setRequestParser(() => forYoga(paramsFromUrl(url.searchParams, path)));
      }
      checkContentType(request.headers.get('content-type'), request.headers.get('content-encoding'));
      const { req, operation } = serverContext as unknown as ServerContext;
      setRequestParser(async () => {
        const share = bodies.open(hasCredential(recordOf(serverContext).request));
        operation.body = share;
        // Something in front of the gateway, such as a body parser, may have read the request already.
        const body =
          req && !req.readableDidRead
            ? await readNodeBody(req, maxBodyBytes, share)
            : await readWebBody(request, maxBodyBytes, share);
        return forYoga(paramsFromBody(body, path));
      });
    },
  };
}

/** Yoga insists on a text as the query; beside an id an empty one is none. */
function forYoga({ query = '', ...others }: OperationParams) {
  return { query, ...others };
}
