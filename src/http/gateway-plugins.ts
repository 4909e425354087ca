import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Plugin, YogaServerInstance } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { RequestRecord, RequestTracker } from '../observability/request-record.ts';
import type { OperationParams } from '../operation/params.ts';
import { type ExecutionHooks, isStream, type Pipeline } from '../operation/pipeline.ts';
import { CUT_OFF } from './client-body.ts';
import { checkAccept, checkMethod, type HostCheck } from './guards.ts';
import { FetchRequest, type HttpRequest } from './http-request.ts';
import type { HttpSteps } from './http-steps.ts';
import { negotiateTypes } from './negotiation.ts';
import { type NodeHandler, type NodeRequest, wasRead } from './node.ts';
import type { RequestSlot } from './request-slot.ts';
import {
  COMMON_HEADERS,
  errorResponse,
  type HttpResponse,
  isStreamed,
  REQUEST_ID,
  requestIdFor,
} from './response.ts';
import { alreadySent, asView, fromView, methodForYoga, withMethod } from './web-views.ts';

type GetEnveloped = YogaServerInstance<object, Context>['getEnveloped'];

export interface GatewayPluginOptions {
  readonly steps: HttpSteps;
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  /** Checks requests that arrive by `fetch`. The node:http listener has checked the others. */
  readonly checkHost: HostCheck;
  /** Makes the hooks of an operation; `context` is shared by the embedder's plugins. Undefined without plugins. */
  readonly hooksFor: ((getEnveloped: GetEnveloped, context: object) => ExecutionHooks) | undefined;
  /** Answers `/mcp` of a node:http server. Undefined if MCP is off. */
  readonly agents: NodeHandler | undefined;
}

interface ServerContext {
  readonly operation: RequestSlot & { readonly record: RequestRecord };
}

/**
 * One runs before the embedder's plugins, the other after them. With such plugins (`hasPlugins`) Yoga needs requests and
 * responses of the Fetch API, otherwise plain views.
 */
export function createGatewayPlugins(
  options: GatewayPluginOptions,
  hasPlugins: boolean,
  getEnveloped: () => GetEnveloped,
): readonly [Plugin<Context, ServerContext>, Plugin<Context, ServerContext>] {
  const { steps, pipeline, tracker, checkHost, hooksFor, agents } = options;

  /** The request for the steps. A plugin may have replaced the original request. */
  const stepRequest = ({ sent }: RequestSlot, request: Request, url: URL): HttpRequest =>
    sent && !hasPlugins ? sent : new FetchRequest(request, url);

  const acceptedTypes = ({ sent }: RequestSlot, { headers }: Request) =>
    negotiateTypes(sent && !hasPlugins ? sent.header('accept') : headers.get('accept'));

  const asResponse = (
    { sent }: RequestSlot,
    answer: HttpResponse,
    Response: typeof globalThis.Response,
  ): Response => {
    if (sent && !hasPlugins) return asView(answer);
    const { status, headers, body } = answer;
    // Yoga's responses accept Node's streams. Yoga changes the headers that it is given.
    return new Response((body === '' ? null : body) as never, { status, headers: { ...headers } });
  };

  const first: Plugin<Context, ServerContext> = {
    onRequest({ request, url, serverContext, setRequest, endResponse, fetchAPI: { Response } }) {
      const { operation } = serverContext as unknown as { readonly operation: RequestSlot };
      const { sent, response } = operation;
      const end = (answer: HttpResponse | undefined) => {
        if (answer) endResponse(asResponse(operation, answer, Response));
      };
      if (agents && response && sent?.path === MCP_PATH)
        return answerAgents(agents, sent, response, operation).then(end);
      const plain = stepRequest(operation, request, url);
      if (operation.record === undefined) {
        operation.record = tracker.begin(plain, requestIdFor(plain.header(REQUEST_ID)));
        const refusal = checkHost({ host: url.host, origin: plain.header('origin'), path: plain.path });
        if (refusal) {
          tracker.answered(operation.record, [refusal]);
          return end(errorResponse(refusal, plain.header('accept')));
        }
      }
      const method = methodForYoga(request.method);
      if (method !== request.method) setRequest(withMethod(request, method));
      return steps.page(plain)?.then(end);
    },
    onResultProcess({ request, result, setResult, setResultProcessor, serverContext }) {
      if (Array.isArray(result)) return;
      const { operation } = serverContext;
      const { record } = operation;
      const hasMore = Symbol.asyncIterator in result;
      if (!hasMore) setResult(pipeline.mask(result as ExecutionResult, record));
      // Yoga's own choice ignores the q-values of the accept header.
      const types = acceptedTypes(operation, request);
      const type = (hasMore ? undefined : types.answer) ?? types.stream;
      if (type === undefined) return;
      const respond = (
        final: ExecutionResult,
        { Response }: { readonly Response: typeof globalThis.Response },
      ) => {
        // A plugin or its failure may have replaced the results of a subscription.
        if (operation.results && !isStream(final)) endStream(operation);
        const finish = (response: HttpResponse) => {
          if (isStreamed(response.body)) operation.stream = response.body;
          return asResponse(operation, response, Response);
        };
        const response = steps.respond(final, types, record);
        return response instanceof Promise ? response.then(finish) : finish(response);
      };
      setResultProcessor(respond as never, type);
    },
    onResponse({ request, response, serverContext, setResponse }) {
      const { operation } = serverContext;
      const { sent, record } = operation;
      if (sent && !hasPlugins) {
        if (!steps.cors) return;
        const { headers, ...plain } = fromView(response);
        return setResponse(asView({ ...plain, headers: { ...headers, ...steps.cors(sent, headers.vary) } }));
      }
      const { headers } = response;
      headers.set(REQUEST_ID, record.requestId);
      for (const name of Object.keys(COMMON_HEADERS)) {
        if (!headers.has(name)) headers.set(name, COMMON_HEADERS[name] as string);
      }
      const header = (name: string) => request.headers.get(name);
      const cors = steps.cors?.({ method: request.method, header }, headers.get('vary')) ?? {};
      for (const [name, value] of Object.entries(cors)) headers.set(name, value);
    },
  };

  const last: Plugin<Context, ServerContext> = {
    onRequest({ request, url, serverContext, endResponse, fetchAPI: { Response } }) {
      const { operation } = serverContext;
      const end = (answer: HttpResponse | undefined) => {
        if (answer) endResponse(asResponse(operation, answer, Response));
      };
      const answer = steps.route(stepRequest(operation, request, url));
      return answer && Promise.resolve(answer).then(end);
    },
    // Replaces Yoga's parsers, which quote broken JSON and answer broken variables in a URL with 500.
    onRequestParse({ request, url, serverContext, setRequestParser, endResponse, fetchAPI: { Response } }) {
      const { operation } = serverContext;
      const refusal = checkAccept(acceptedTypes(operation, request));
      if (refusal) tracker.answered(operation.record, [refusal]);
      // Not thrown: Yoga would find no media type for the error.
      if (refusal) return endResponse(asResponse(operation, errorResponse(refusal), Response));
      const plain = stepRequest(operation, request, url);
      setRequestParser(() => {
        // The client left while a plugin was busy; no later event says so.
        if (operation.record.request.signal.aborted) throw CUT_OFF;
        const { sent } = operation;
        // Yoga's request keeps a body that a plugin has read.
        const isAtPlugin = hasPlugins && sent && wasRead(sent.message) && !operation.wasRead;
        const withBody = isAtPlugin ? plain : (sent ?? plain);
        operation.reservation = steps.beginBody(plain, withBody.headBytes);
        const params = steps.read(plain, operation.reservation, withBody);
        return params instanceof Promise ? params.then(paramsForYoga) : paramsForYoga(params);
      });
    },
    onParams({ setParamsHandler }) {
      setParamsHandler(({ params, request, context }) => {
        const { operation } = context;
        const hooks = hooksFor?.(getEnveloped(), Object.assign(context, { request, params }));
        operation.isRunning = true;
        const mayStream = acceptedTypes(operation, request).stream !== undefined;
        const running = pipeline.run({
          params: params as unknown as OperationParams,
          record: operation.record,
          hooks,
          checkMethod,
          mayStream,
          reservation: operation.reservation,
        });
        if (!mayStream) return running as never;
        return running.then((result) => {
          if (isStream(result)) operation.results = result;
          return result;
        }) as never;
      });
    },
  };

  return [first, last];
}

const MCP_PATH = '/mcp';

/** The handler of MCP writes its response to node:http itself. */
async function answerAgents(
  agents: NodeHandler,
  sent: NodeRequest,
  response: ServerResponse,
  { record }: RequestSlot,
): Promise<HttpResponse> {
  await agents(sent, response, record as RequestRecord);
  return alreadySent(response);
}

/** Yoga requires a string as the query. With an id, an empty string means no query. */
function paramsForYoga({
  query = '',
  weight: _weight,
  ...others
}: OperationParams & { readonly weight: number }) {
  return { query, ...others };
}

export function endStream({ stream, results }: RequestSlot): void {
  stream?.destroy();
  void results?.return?.();
}
