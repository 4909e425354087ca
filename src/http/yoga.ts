import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type * as whatwg from '@whatwg-node/server';
import type { GraphQLSchema } from 'graphql';
import type * as graphqlYoga from 'graphql-yoga';
import type { Plugin } from 'graphql-yoga';
import { CLIENT_LEFT, type RequestRecord } from '../observability/request-record.ts';
import { type OwnPath, urlOf } from './address.ts';
import { createGatewayPlugin, type GatewayPluginOptions } from './gateway-plugin.ts';
import { checkAcceptLength, type HostCheck } from './guards.ts';
import { abandon, type Exchange, fetchRequest, type ServerContext } from './http-request.ts';
import { negotiateTypes } from './negotiation.ts';
import { checkHead, type NodeHandler } from './node.ts';
import { checkHooks } from './offered-hooks.ts';
import { REQUEST_ID, requestIdFor, responseFor, responseTo } from './response.ts';
import { createRoutesPlugin, type RoutesPluginOptions } from './routes-plugin.ts';

// Node loads the 400 files of Yoga 70 ms faster as CommonJS than as ES modules.
const require = createRequire(import.meta.url);
const { createLogger, createYoga }: typeof graphqlYoga = require('graphql-yoga');
const { sendNodeResponse }: typeof whatwg = require('@whatwg-node/server');

interface YogaOptions extends GatewayPluginOptions, RoutesPluginOptions {
  readonly schema: GraphQLSchema;
  readonly path: string;
  readonly ownPath: OwnPath;
  readonly checkHost: HostCheck;
  /** Of an embedder. */
  readonly plugins: readonly object[];
}

export interface Fetch {
  /** The contexts are for the hooks of plugins. */
  (request: Request, ...contexts: object[]): Promise<Response>;
  (url: string | URL, init?: RequestInit, ...contexts: object[]): Promise<Response>;
}

/** The door of the gateway: every request goes through Yoga, whose hooks call the gateway. */
export function createYogaAdapter(options: YogaOptions) {
  const { schema, pipeline, tracker, checkHost, plugins, path, ownPath } = options;
  const operations = createGatewayPlugin(options);
  const routes = createRoutesPlugin(options);
  const inspection: Plugin = {
    onPluginInit({ plugins: all }) {
      // Plugins may have added others.
      const order: readonly object[] = all;
      const embedded = order.slice(order.indexOf(operations) + 1, order.indexOf(inspection));
      for (const plugin of embedded) checkHooks(plugin, plugins.indexOf(plugin));
    },
  };
  const yoga = createYoga<ServerContext>({
    schema,
    graphqlEndpoint: path,
    // Yoga's health check would answer every URL that ends in its path. No URL ends in a space, so this turns it off.
    healthCheckEndpoint: ' ',
    // Yoga's GraphiQL loads its code from another host, so the gateway has its own page.
    graphiql: false,
    landingPage: false,
    // Yoga's CORS allows every header that a page asks for, and credentials.
    cors: false,
    // A page of another origin can send a multipart request without a preflight.
    multipart: false,
    // The body is counted while it is read. Yoga's limit sends each body through a web stream, which costs 115 µs.
    maxRequestBodySize: false,
    // Members of the parameters that Yoga does not know.
    extraParamNames: ['documentId', 'weight'],
    // The pipeline masks errors, including failures of Yoga and of plugins.
    maskedErrors: false,
    logging: { ...createLogger('silent'), error: (error: unknown) => tracker.unexpected(error) },
    // The pipeline has its own document cache, bounded in bytes.
    parserAndValidationCache: false,
    plugins: [operations, ...plugins, inspection, routes],
  });
  const sendTogether = createSendTogether(async ({ answer, response, record }) => {
    try {
      await sendNodeResponse(answer, response, response.req, true);
    } catch (error) {
      response.destroy();
      tracker.unexpected(error, record);
    }
  });

  /**
   * Answers a refusal, and a failure outside the hooks that Yoga guards. Yoga would show the client its stack trace.
   * @throws the failure if the client has left
   */
  const guarded = async (
    exchange: Exchange,
    handle: () => Response | PromiseLike<Response>,
  ): Promise<Response> => {
    const { request, record, wants } = exchange;
    try {
      checkAcceptLength(request.header('accept'));
      return await handle();
    } catch (error) {
      if (request.signal.aborted) throw error;
      abandon(exchange);
      const answer = responseTo(pipeline.failed(error, record), wants.answer ?? 'application/json');
      const headers = { ...answer.headers, [REQUEST_ID]: record.requestId };
      return responseFor({ ...answer, headers }, yoga.fetchAPI);
    } finally {
      exchange.reservation?.release();
    }
  };

  const answer: NodeHandler = async (request, response, record) => {
    const { message } = request;
    const { host, origin, accept } = message.headers;
    const exchange: Exchange = { request, response, record, wants: negotiateTypes(accept) };
    const context = { req: message, res: response, exchange };
    try {
      const answer = await guarded(exchange, () => {
        const refusal = checkHead(message) ?? checkHost({ host, origin, path: message.url });
        if (refusal) throw refusal;
        return yoga.handleNodeRequestAndResponse(message, response, context);
      });
      // If a plugin or the process has answered by node:http itself, no client receives the results.
      if (response.headersSent || response.destroyed) return abandon(exchange);
      if (exchange.results) response.once('close', () => abandon(exchange));
      sendTogether({ answer, response, record });
    } catch (error) {
      // A client that has left explains the error.
      if (!response.destroyed) tracker.unexpected(error, record);
      response.destroy();
    }
  };

  const fetch: Fetch = async (input: Request | string | URL, ...rest: (object | undefined)[]) => {
    const isAddress = typeof input === 'string' || 'href' in input;
    const fetched = isAddress ? new yoga.fetchAPI.Request(input, rest.shift()) : input;
    const contexts = rest.filter((context) => context !== undefined);
    const url = urlOf(fetched);
    const request = fetchRequest(fetched, url, ownPath);
    const record = tracker.begin(request, requestIdFor(request.header(REQUEST_ID)));
    const exchange: Exchange = { request, record, wants: negotiateTypes(request.header('accept')) };
    let status = CLIENT_LEFT;
    try {
      const response = await guarded(exchange, () => {
        const refusal = checkHost({ host: url.host, origin: request.header('origin'), path: url.pathname });
        if (refusal) throw refusal;
        return yoga.fetch(fetched, ...contexts, { exchange });
      });
      ({ status } = response);
      return response;
    } finally {
      tracker.end(record, status);
    }
  };

  return { answer, fetch };
}

interface Ready {
  readonly answer: Response;
  readonly response: ServerResponse;
  readonly record: RequestRecord;
}

/** A longer body is sent at once, so that few of them wait in memory. */
const SENT_TOGETHER_BYTES = 16 * 1024;

/**
 * Sends responses at the end of the tick, together with all others that are ready. Writing to a socket
 * wakes the process behind it, which is expensive, and a process just woken need not be woken again. With 64 connections on
 * two cores this gave 1.2 to 1.4 times as many small answers.
 */
function createSendTogether(send: (ready: Ready) => unknown) {
  let ready: Ready[] = [];
  const sendReady = () => {
    const all = ready;
    ready = [];
    for (const each of all) send(each);
  };
  return (next: Ready): void => {
    if (Number(next.answer.headers.get('content-length')) > SENT_TOGETHER_BYTES) send(next);
    else if (ready.push(next) === 1) setImmediate(sendReady);
  };
}
