import { OVERLOADED } from '../errors/coded-error.ts';
import type { RequestRecord } from '../observability/request-record.ts';
import { paramsFromBody, paramsFromUrl } from '../operation/params.ts';
import { isStream, type Pipeline, type WritableResult } from '../operation/pipeline.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import type { Clock } from '../transport/clock.ts';
import { OPERATION_PATH, readOperationPath } from './address.ts';
import type { BodyLease, OpenLease } from './client-body.ts';
import type { Compress } from './compression.ts';
import { type CorsHeaders, checkAccept, checkContentType, checkMethod } from './guards.ts';
import type { HttpRequest } from './http-request.ts';
import {
  type AcceptedTypes,
  errorResponse,
  type HttpResponse,
  negotiateTypes,
  responseTo,
} from './response.ts';
import type { HttpRoute } from './routes.ts';
import { streamResponse } from './stream.ts';

interface HttpHandlerOptions {
  readonly pipeline: Pipeline;
  readonly compress: Compress;
  readonly clock: Clock;
  readonly openLease: OpenLease;
  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Answer requests before these are taken for operations. */
  readonly pages: readonly HttpRoute[];
  /** Answers what is no operation. */
  readonly route: HttpRoute;
  /** Undefined: pages of other origins may read nothing. */
  readonly cors: CorsHeaders | undefined;
}

/** Most operations by GET have no longer one, and keep next to nothing. */
const SHORT_HEAD = 512;

export type HttpHandler = ReturnType<typeof createHttpHandler>;

/** Answers HTTP requests of plain values. Its steps are there one by one for an adapter that hosts plugins around them. */
export function createHttpHandler(options: HttpHandlerOptions) {
  const { pipeline, compress, clock, openLease, maxBodyBytes, pages, route, cors } = options;

  const page = async (request: HttpRequest): Promise<HttpResponse | undefined> => {
    for (const answer of pages) {
      const response = await answer(request);
      if (response) return response;
    }
    return undefined;
  };

  /** The operation of a request; `sent` has its body. Only a short GET has no lease. @throws the error for the client */
  function read(request: HttpRequest, lease: BodyLease | undefined, sent = request) {
    const path = request.path === OPERATION_PATH ? undefined : readOperationPath(request.path);
    if (!lease || request.method === 'GET') {
      const params = paramsFromUrl(request.searchParams, path);
      if (lease && !lease.hold(params.weight)) throw OVERLOADED;
      return params;
    }
    checkContentType(sent.contentType, sent.header('content-encoding'));
    const reader = path ? (bytes: Uint8Array) => paramsFromBody(bytes, path) : paramsFromBody;
    return sent.readBody(maxBodyBytes, lease, reader);
  }

  /** A result in the form that is accepted; in JSON where none is. */
  function respond(
    result: WritableResult | ResultStream,
    { answer, stream }: AcceptedTypes,
    record: RequestRecord,
  ): HttpResponse | Promise<HttpResponse> {
    if (stream && (!answer || isStream(result))) {
      const mask = (error: unknown) => pipeline.failed(error, record);
      return streamResponse(result, stream, { signal: record.request.signal, clock, mask });
    }
    const response = responseTo(result as WritableResult, answer ?? 'application/json');
    const compressing = compress(response.body, result as WritableResult, record);
    if (compressing === undefined) return response;
    return compressing.then((compressed) => {
      if (compressed === undefined) return response;
      const { encoding, bytes } = compressed;
      // No cache may keep it, so none needs to know by `vary` what it depends on.
      return { ...response, headers: { ...response.headers, 'content-encoding': encoding }, body: bytes };
    });
  }

  /** Guards, parameters, pipeline, response. It never rejects. */
  async function handle(request: HttpRequest, record: RequestRecord): Promise<HttpResponse> {
    const types = negotiateTypes(request.header('accept'));
    const { method, path } = request;
    let lease: BodyLease | undefined;
    let response: HttpResponse | Promise<HttpResponse> | undefined;
    try {
      const isPost = method === 'POST';
      const isCommon = isPost && path === OPERATION_PATH;
      response = isCommon ? undefined : ((await page(request)) ?? (await route(request)));
      const refusal = response ? undefined : checkAccept(types);
      if (refusal) response = errorResponse(refusal);
      if (response === undefined) {
        if (method !== 'GET' || request.headBytes > SHORT_HEAD) lease = openLease(request, request.headBytes);
        const params = await read(request, lease);
        const mayStream = types.stream !== undefined;
        const result = await pipeline.run({
          params,
          record,
          checkMethod: isPost ? undefined : checkMethod,
          mayStream,
          lease,
        });
        lease = undefined;
        response = respond(result, types, record);
      }
      if (response instanceof Promise) response = await response;
    } catch (error) {
      // It cannot be read, or its page not made, or its result not written.
      response = await respond(pipeline.failed(error, record), types, record);
    } finally {
      lease?.release();
    }
    if (!cors) return response;
    const { headers } = response;
    return { ...response, headers: { ...headers, ...cors(request, headers.vary) } };
  }

  return { handle, page, route, openLease, read, respond, cors };
}
