import { OVERLOADED } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import type { RequestRecord } from '../observability/request-record.ts';
import { paramsFromBody, paramsFromUrl } from '../operation/params.ts';
import { isStream, type Pipeline, type WritableResult } from '../operation/pipeline.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import type { Clock } from '../transport/clock.ts';
import { OPERATION_PATH } from './address.ts';
import type { ReserveBody } from './client-body.ts';
import type { Compress } from './compression.ts';
import { type CorsHeaders, checkContentType, isGet } from './guards.ts';
import type { HttpRequest } from './http-request.ts';
import type { AcceptedTypes } from './negotiation.ts';
import { type HttpResponse, responseTo } from './response.ts';
import { type HttpRoute, readOperationPath } from './routes.ts';
import { streamResponse } from './stream.ts';

interface HttpStepsOptions {
  readonly pipeline: Pipeline;
  readonly compress: Compress;
  readonly clock: Clock;
  readonly reserveBody: ReserveBody;
  readonly maxBodyBytes: number;
  readonly pages: readonly HttpRoute[];
  readonly route: HttpRoute;
  /** Undefined: pages of other origins can read nothing. */
  readonly cors: CorsHeaders | undefined;
}

/** Most operations by GET have a shorter head, and keep almost no memory. */
const SHORT_HEAD = 512;

export type HttpSteps = ReturnType<typeof createHttpSteps>;

export function createHttpSteps(options: HttpStepsOptions) {
  const { pipeline, compress, clock, reserveBody, maxBodyBytes, pages, route, cors } = options;

  const pageFor = async (request: HttpRequest): Promise<HttpResponse | undefined> => {
    for (const answer of pages) {
      const response = await answer(request);
      if (response) return response;
    }
    return undefined;
  };

  /** Returns the page of a request. Undefined at once for an operation by POST. */
  const page = (request: HttpRequest): Promise<HttpResponse | undefined> | undefined =>
    request.method === 'POST' && request.path === OPERATION_PATH ? undefined : pageFor(request);

  const beginBody = (request: HttpRequest, headBytes: number): Reservation | undefined =>
    isGet(request.method) && headBytes <= SHORT_HEAD ? undefined : reserveBody(request, headBytes);

  /** Reads the operation of a request; `sent` has its body. @throws the error for the client */
  function read(request: HttpRequest, reservation: Reservation | undefined, sent = request) {
    const path = request.path === OPERATION_PATH ? undefined : readOperationPath(request.path);
    if (!reservation || isGet(request.method)) {
      const params = paramsFromUrl(request.searchParams, path);
      if (reservation && !reservation.hold(params.weight)) throw OVERLOADED;
      return params;
    }
    checkContentType(sent.contentType, sent.header('content-encoding'));
    const reader = path ? (bytes: Uint8Array) => paramsFromBody(bytes, path) : paramsFromBody;
    return sent.readBody(maxBodyBytes, reservation, reader);
  }

  /** Writes a result in an accepted media type, else as JSON. */
  function respond(
    result: WritableResult | ResultStream,
    { answer, stream }: AcceptedTypes,
    record: RequestRecord,
  ): HttpResponse | Promise<HttpResponse> {
    if (stream && (!answer || isStream(result))) {
      // The answer to HEAD has no body, so its headers leave only when the stream ends.
      if (record.request.method === 'HEAD' && isStream(result)) void result.return?.();
      const mask = (error: unknown) => pipeline.failed(error, record);
      return streamResponse(result, stream, { signal: record.request.signal, clock, mask });
    }
    const response = responseTo(result as WritableResult, answer ?? 'application/json');
    const compressing = compress(response.body, result as WritableResult, record);
    if (compressing === undefined) return response;
    return compressing.then((compressed) => {
      if (compressed === undefined) return response;
      const { encoding, bytes } = compressed;
      // `vary` is not needed, because no cache may keep the answer.
      return { ...response, headers: { ...response.headers, 'content-encoding': encoding }, body: bytes };
    });
  }

  return { page, route, beginBody, read, respond, cors };
}
