import type { Plugin } from 'graphql-yoga';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { OVERLOADED } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import { type OperationParams, paramsFromBody, paramsFromUrl } from '../operation/params.ts';
import { isStream } from '../operation/pipeline.ts';
import { urlOf } from './address.ts';
import { CUT_OFF, readMessage, readRequest, wasRead } from './body.ts';
import type { Door } from './doors.ts';
import { type CorsHeaders, checkAccept, checkContentType, checkMethod } from './guards.ts';
import type { Exchange, ServerContext } from './http-request.ts';
import { createRespond, type RespondOptions } from './respond.ts';
import { COMMON_HEADERS, REQUEST_ID } from './response.ts';
import { readOperationPath } from './routes.ts';

export interface GatewayPluginOptions extends Door, RespondOptions {
  readonly cors: CorsHeaders | undefined;
}

/** Reads, runs and answers operations. It comes before the embedder's plugins, so that they can wrap or replace each step. */
export function createGatewayPlugin(options: GatewayPluginOptions): Plugin<object, ServerContext> {
  const { pipeline, cors } = options;
  const readParams = createReadParams(options);
  const respond = createRespond(options);

  return {
    // Replaces Yoga's parsers, which quote broken JSON and answer broken variables in a URL with 500.
    onRequestParse({ serverContext: { exchange }, setRequestParser }) {
      checkAccept(exchange.wants);
      setRequestParser((request) => readParams(exchange, request));
    },

    onParams({ setParamsHandler }) {
      setParamsHandler(({ params, context: { exchange } }) => {
        const { record, wants, reservation } = exchange;
        exchange.reservation = undefined;
        const mayStream = wants.stream !== undefined;
        // Yoga has checked that the query is a text.
        const input = { params: params as OperationParams, record, checkMethod, mayStream, reservation };
        return pipeline.run(input).then((result) => {
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

/** Reads the operation of a request. `fetched` is the request as the embedder's plugins left it. @throws the error for the client */
function createReadParams({ memory, maxBodyBytes: limit }: Door) {
  return (exchange: Exchange, fetched: Request): MaybePromise<OperationParams> => {
    const { request } = exchange;
    const { method, message, headBytes } = request;
    // The client left while a plugin was busy. No later event will report it.
    if (request.signal.aborted) throw CUT_OFF;
    const path = readOperationPath(request.path);
    if (method !== 'GET') checkContentType(request.contentType, request.header('content-encoding'));
    const held = memory.reserve(request, headBytes);
    exchange.reservation = held;
    if (method === 'GET') return readUrl(held, () => paramsFromUrl(urlOf(fetched).searchParams, path));
    const options = { limit, held, reader: (bytes: Uint8Array) => paramsFromBody(bytes, path) };
    // A plugin has read the message by Yoga's request, which keeps it.
    const isAtPlugin = message && wasRead(message) && !request.wasRead;
    return message && !isAtPlugin ? readMessage(message, options) : readRequest(fetched, options);
  };
}

/** Reads the operation in a URL when it is the client's turn: its variables may take long to parse. */
function readUrl<Read extends { readonly weight: number }>(
  held: Reservation,
  reader: () => Read,
): MaybePromise<Read> {
  if (held.isReleased) throw OVERLOADED;
  return held.inTurn(() => {
    const read = reader();
    if (!held.parsed(read.weight)) throw OVERLOADED;
    return read;
  });
}
