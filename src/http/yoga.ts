import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type * as whatwg from '@whatwg-node/server';
import type { GraphQLSchema } from 'graphql';
import type * as graphqlYoga from 'graphql-yoga';
import type { YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { CLIENT_LEFT, type RequestRecord } from '../observability/request-record.ts';
import { OPERATION_PATH } from './address.ts';
import { createGatewayPlugins, endStream, type GatewayPluginOptions } from './gateway-plugins.ts';
import { type NodeHandler, wasRead } from './node.ts';
import type { RequestSlot } from './request-slot.ts';
import { COMMON_HEADERS, type HttpResponse, REQUEST_ID, responseTo, sendInTurn } from './response.ts';
import { viewOf } from './web-views.ts';

// Node loads Yoga's 400 files 70 ms faster as CommonJS than as ES modules.
const require = createRequire(import.meta.url);
const { createLogger, createYoga }: typeof graphqlYoga = require('graphql-yoga');

interface YogaOptions extends GatewayPluginOptions {
  readonly schema: GraphQLSchema;
  readonly plugins: readonly object[];
}

/** Yoga's own signature: a request or its arguments, and a context for the plugins. */
export type Fetch = YogaServerInstance<object, Context>['fetch'];

export type YogaAdapter = ReturnType<typeof createYogaAdapter>;

type Yoga = ReturnType<typeof createYoga<ServerContext, Context>>;

interface ServerContext {
  readonly operation: RequestSlot;
}

/** Yoga merges two contexts. One alone would become a prototype in V8's old heap: 25 µs of garbage collection. */
const NO_CONTEXT = {};

/**
 * The door of the gateway: every HTTP request goes through Yoga, whose hooks call the gateway's steps. Without an
 * embedder's plugins, Yoga gets a plain view of a node:http request, and the response is written to node:http directly.
 * Fetch API objects would cost more than the rest of a small operation.
 */
export function createYogaAdapter(options: YogaOptions) {
  const { schema, pipeline, tracker, hooksFor, plugins } = options;
  const hasPlugins = plugins.length > 0;
  const [first, last] = createGatewayPlugins(options, hasPlugins, () => yoga.getEnveloped);
  const yoga: Yoga = createYoga<ServerContext, Context>({
    schema,
    // The routes refuse every path that is not for operations. The pattern is slow, and only an embedder's plugins need the
    // other paths.
    graphqlEndpoint: hasPlugins ? '/graphql{/*}?' : OPERATION_PATH,
    // Yoga's health check would answer its path with an empty body. No URL ends in a space, so this turns the check off:
    // `/health` is a route.
    healthCheckEndpoint: ' ',
    // Yoga's GraphiQL loads its code from another host, so the gateway has its own page.
    graphiql: false,
    landingPage: false,
    // Yoga's CORS allows every header that a page asks for, and credentials.
    cors: false,
    // A page of another origin can send a multipart request without a preflight.
    multipart: false,
    // The body is counted while it is read. Yoga's limit sends each body through a web stream, which costs 160 µs.
    maxRequestBodySize: false,
    // The pipeline masks errors, including failures of Yoga and of plugins.
    maskedErrors: false,
    logging: { ...createLogger('silent'), error: (error: unknown) => tracker.unexpected(error) },
    // The pipeline has its own document cache, bounded in bytes.
    parserAndValidationCache: false,
    extraParamNames: ['documentId', 'doc_id', 'pathId'],
    plugins: [first, ...plugins, last],
  });
  /** `asView` has made the responses. */
  const handle = yoga.handleRequest as unknown as (
    request: Request,
    ...contexts: object[]
  ) => HttpResponse | PromiseLike<HttpResponse>;

  /** Answers a failure outside Yoga's guarded hooks. Yoga would show the client a stack trace. */
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
        answer = await handle(viewOf(sent), { operation }, NO_CONTEXT);
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
      const { sendNodeResponse }: typeof whatwg = require('@whatwg-node/server');
      await sendNodeResponse(answer, response, message, true);
    } catch (error) {
      // A client that has left explains the error.
      if (!response.destroyed) tracker.unexpected(error, record);
      response.destroy();
    }
  };

  // Each request gets its own context, because an embedder may pass the same context repeatedly.
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

  return { answer: hasPlugins ? answerHosted : answerPlainly, fetch: fetch as Fetch, hooksForSocket };
}

/** Releases the body of a request that a plugin answered before its operation began. */
function releaseUnlessRunning({ isRunning, reservation }: RequestSlot): void {
  if (!isRunning) reservation?.release();
}
