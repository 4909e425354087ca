import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { RequestTracker } from '../observability/request-record.ts';
import type { OperationParams } from '../operation/params.ts';
import { isStream, type Pipeline, type WritableResult } from '../operation/pipeline.ts';
import { abandon, type Exchange, type ServerContext } from './exchange.ts';
import { type CorsHeaders, checkAccept, checkMethod } from './guards.ts';
import { type AcceptedTypes, negotiateTypes } from './negotiation.ts';
import type { ReadParams } from './read-params.ts';
import { COMMON_HEADERS, errorResponse, REQUEST_ID, responseFor } from './response.ts';
import type { WriteResult } from './write-result.ts';

export interface GatewayPluginOptions {
  readonly pipeline: Pipeline;
  readonly tracker: RequestTracker;
  readonly readParams: ReadParams;
  readonly writeResult: WriteResult;
  /** Undefined: pages of other origins can read nothing. */
  readonly cors: CorsHeaders | undefined;
}

/** Reads, runs and answers operations. It comes before the embedder's plugins, so that they can wrap or replace each step. */
export function createGatewayPlugin(options: GatewayPluginOptions): Plugin<object, ServerContext> {
  const { pipeline, tracker, readParams, writeResult, cors } = options;

  const respond = (
    exchange: Exchange,
    result: WritableResult | AsyncIterable<ExecutionResult>,
    fetchAPI: Parameters<typeof responseFor>[1],
  ) => {
    const { request, record } = exchange;
    const hasMore = Symbol.asyncIterator in result;
    // A plugin or its failure has replaced the results of a subscription, or the answer has no body.
    if (!hasMore || request.method === 'HEAD') abandon(exchange);
    const written = writeResult(
      hasMore ? result : pipeline.mask(result, record),
      acceptedBy(exchange),
      record,
    );
    return written instanceof Promise
      ? written.then((response) => responseFor(response, fetchAPI))
      : responseFor(written, fetchAPI);
  };

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

function acceptedBy(exchange: Exchange): AcceptedTypes {
  exchange.accepted ??= negotiateTypes(exchange.request.header('accept'));
  return exchange.accepted;
}
