import type { IncomingMessage } from 'node:http';
import { sendNodeResponse } from '@whatwg-node/server';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { CLIENT_LEFT, type RequestRecord } from '../observability/request-record.ts';
import { OPERATION_PATH } from './address.ts';
import { createGatewayPlugins, endStream, type GatewayPluginOptions } from './gateway-plugins.ts';
import { type NodeHandler, wasRead } from './node.ts';
import type { RequestSlot } from './request-slot.ts';
import { COMMON_HEADERS, type HttpResponse, REQUEST_ID, responseTo, sendInTurn } from './response.ts';
import { fromView, viewOf } from './web-views.ts';

interface YogaOptions extends GatewayPluginOptions {
  readonly schema: GraphQLSchema;
  /** The plugins of an embedder, in their order. */
  readonly plugins: readonly object[];
}

/** Yoga's own signature: a request, or the arguments of one, and the context that an embedder gives to its plugins. */
export type Fetch = YogaServerInstance<object, Context>['fetch'];

export type YogaAdapter = ReturnType<typeof createYogaAdapter>;

type Yoga = ReturnType<typeof createYoga<ServerContext, Context>>;

/** The facts that go with a request through Yoga. */
interface ServerContext {
  readonly operation: RequestSlot;
}

/** Yoga merges two contexts into one object. A single context becomes a prototype, which V8 allocates old: 25 µs of collections. */
const NO_CONTEXT = {};

/**
 * The door of the gateway: every HTTP request goes through Yoga, whose hooks call the gateway's steps. Without plugins of an
 * embedder a node:http request passes Yoga as a plain view and its response is written by node:http at once: the Fetch API's
 * objects cost more than the rest of a small operation.
 */
export function createYogaAdapter(options: YogaOptions) {
  const { schema, pipeline, tracker, hooksFor, plugins } = options;
  const isHosted = plugins.length > 0;
  const [first, last] = createGatewayPlugins(options, isHosted, () => yoga.getEnveloped);
  const yoga: Yoga = createYoga<ServerContext, Context>({
    schema,
    // The routes refuse every path that is not for operations. The pattern is slow, and only the plugins of an embedder see
    // the other paths of operations.
    graphqlEndpoint: isHosted ? '/graphql{/*}?' : OPERATION_PATH,
    // Yoga's check answers each URL that ends in its path with an empty body, and no URL ends in a space: `/health` is a route.
    healthCheckEndpoint: ' ',
    // GraphiQL is a page of the gateway: Yoga's page loads its code from another host.
    graphiql: false,
    landingPage: false,
    // Yoga's CORS allows every header that a page asks for, and credentials.
    cors: false,
    // A page of another origin can send a multipart request without a preflight.
    multipart: false,
    // The body is counted as it is read. Yoga's limit sends each body through a web stream, which costs 160 µs.
    maxRequestBodySize: false,
    // The pipeline masks errors, and also failures of Yoga itself and of plugins.
    maskedErrors: false,
    logging: { debug() {}, info() {}, warn() {}, error: (error: unknown) => tracker.unexpected(error) },
    // The pipeline has a cache of planned documents, bounded in bytes.
    parserAndValidationCache: false,
    extraParamNames: ['documentId', 'doc_id', 'pathId'],
    plugins: [first, ...plugins, last],
  });
  const { handleRequest } = yoga;
  const handle = handleRequest as (
    request: Request,
    ...contexts: object[]
  ) => Response | PromiseLike<Response>;

  /** Answers a failure outside of the hooks that Yoga guards. Yoga would show the client a stack trace. */
  const answerFailure = (error: unknown, { record }: RequestSlot): HttpResponse => {
    // The client has left, or the failure came before the request had a record.
    if (!record || record.request.signal.aborted) throw error;
    return responseTo(pipeline.failed(error, record), 'application/json');
  };

  const answerPlainly: NodeHandler = async (sent, response, record) => {
    const operation: RequestSlot = { record, sent, response };
    try {
      let answer: HttpResponse;
      try {
        answer = fromView(await handle(viewOf(sent), { operation }, NO_CONTEXT));
      } catch (error) {
        answer = answerFailure(error, operation);
      }
      sendInTurn({ response, answer, requestId: record.requestId, onFailure: tracker.unexpected });
    } catch (error) {
      response.destroy();
      tracker.unexpected(error, record);
    } finally {
      releaseUnlessRunning(operation);
    }
  };

  /** The same for Fetch API responses. */
  const guarded = async (operation: RequestSlot, answer: () => Response | PromiseLike<Response>) => {
    try {
      return await answer();
    } catch (error) {
      endStream(operation);
      const { status, headers, body } = answerFailure(error, operation);
      const own = { ...COMMON_HEADERS, [REQUEST_ID]: (operation.record as RequestRecord).requestId };
      return new yoga.fetchAPI.Response(body as string, { status, headers: { ...own, ...headers } });
    }
  };

  const answerHosted: NodeHandler = async (sent, response, record) => {
    const { message } = sent;
    const operation: RequestSlot = { record, sent, response, wasRead: wasRead(message) };
    response.once('close', () => {
      releaseUnlessRunning(operation);
      endStream(operation);
    });
    const context = { req: message, res: response, waitUntil: yoga.waitUntil, operation };
    try {
      const answer = await guarded(operation, () =>
        yoga.handleNodeRequestAndResponse(message, response, context),
      );
      // A plugin or the process has answered by node:http itself, so no client receives the results.
      if (response.headersSent) return endStream(operation);
      await sendNodeResponse(answer, response, message, true);
    } catch (error) {
      // Where the client has left, that is the reason.
      if (!response.destroyed) tracker.unexpected(error, record);
      response.destroy();
    }
  };

  // A context of its own for each request: an embedder may give the same context again and again.
  const fetch = async (...args: unknown[]) => {
    const operation: RequestSlot = {};
    let status = CLIENT_LEFT;
    try {
      const response = await guarded(operation, () =>
        (yoga.fetch as (...all: unknown[]) => ReturnType<Yoga['fetch']>)(...args, { operation }),
      );
      ({ status } = response);
      return response;
    } finally {
      releaseUnlessRunning(operation);
      if (operation.record) tracker.end(operation.record, status);
    }
  };

  /** The hooks of an operation that arrives by a WebSocket. */
  const hooksForSocket = (req: IncomingMessage, record: RequestRecord, params: object) =>
    hooksFor?.(yoga.getEnveloped, {
      req,
      params,
      operation: { record } satisfies RequestSlot,
      // Made only when a plugin reads it.
      get request() {
        const headers = req.headers as Record<string, string>;
        return new yoga.fetchAPI.Request(`http://${headers.host ?? 'localhost'}/graphql`, { headers });
      },
    });

  return { answer: isHosted ? answerHosted : answerPlainly, fetch: fetch as Fetch, hooksForSocket };
}

/** Releases the body of a request that a plugin answered before its operation began. */
function releaseUnlessRunning({ isRunning, lease }: RequestSlot): void {
  if (!isRunning) lease?.release();
}
