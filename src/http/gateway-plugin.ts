import type { Plugin } from 'graphql-yoga';
import type { RequestTracker } from '../observability/request-record.ts';
import type { OperationParams } from '../operation/params.ts';
import { isStream, type Pipeline } from '../operation/pipeline.ts';
import { acceptedBy, type ServerContext } from './exchange.ts';
import { type CorsHeaders, checkAccept, checkMethod } from './guards.ts';
import type { ReadParams } from './read-params.ts';
import type { Respond } from './respond.ts';
import { COMMON_HEADERS, errorResponse, REQUEST_ID, responseFor } from './response.ts';

export interface GatewayPluginOptions {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly readParams: ReadParams;
  readonly respond: Respond;
  /** Undefined: pages of other origins can read nothing. */
  readonly cors: CorsHeaders | undefined;
}

/** Reads, runs and answers operations. It comes before the embedder's plugins, so that they can wrap or replace each step. */
export function createGatewayPlugin(options: GatewayPluginOptions): Plugin<object, ServerContext> {
  const { pipeline, tracker, readParams, respond, cors } = options;

  return {
    // Replaces Yoga's parsers, which quote broken JSON and answer broken variables in a URL with 500.
    onRequestParse({ serverContext: { exchange }, setRequestParser, endResponse, fetchAPI }) {
      const refusal = checkAccept(acceptedBy(exchange));
      if (refusal) {
        tracker.answered(exchange.record, [refusal]);
        return endResponse(responseFor(errorResponse(refusal), fetchAPI));
      }
      setRequestParser((request) => readParams(exchange, request));
    },

    onParams({ setParamsHandler }) {
      setParamsHandler(({ params, context: { exchange } }) => {
        const { record, reservation } = exchange;
        exchange.reservation = undefined;
        const mayStream = acceptedBy(exchange).stream !== undefined;
        const running = pipeline.run({
          // Yoga has checked that the query is a text.
          params: params as OperationParams,
          record,
          checkMethod,
          mayStream,
          reservation,
        });
        if (!mayStream) return running;
        return running.then((result) => {
          if (isStream(result)) exchange.results = result;
          return result;
        });
      });
    },

    onResultProcess({ serverContext: { exchange }, setResultProcessor }) {
      // Yoga's own choice ignores the q-values of the accept header. So it is told one type, and `respond` chooses.
      setResultProcessor((result, fetchAPI) => {
        if (Array.isArray(result)) throw new Error('Batching is off, so there is one result.');
        return respond(exchange, result, fetchAPI);
      }, 'application/json');
    },

    onResponse({ response: { headers }, serverContext: { exchange } }) {
      const { request, record } = exchange;
      headers.set(REQUEST_ID, record.requestId);
      for (const name in COMMON_HEADERS)
        if (!headers.has(name)) headers.set(name, COMMON_HEADERS[name] as string);
      const forPages = cors?.(request, headers.get('vary'));
      for (const name in forPages) headers.set(name, forPages[name] as string);
    },
  };
}
