import type { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { RequestRecord } from '../observability/request-record.ts';
import type { Pipeline, WritableResult } from '../operation/pipeline.ts';
import type { Clock } from '../transport/clock.ts';
import type { AcceptedTypes, Encoding } from './negotiation.ts';
import { type HttpResponse, responseTo } from './response.ts';
import { streamResponse } from './stream.ts';

/** Compresses the text of an answer. Undefined, at once or later, if it should be sent uncompressed. */
export type Compress = (
  text: string,
  result: ExecutionResult,
  record: RequestRecord,
) => Promise<{ readonly encoding: Encoding; readonly bytes: NonSharedBuffer } | undefined> | undefined;

interface WriteResultOptions {
  readonly pipeline: Pipeline;
  /** Undefined: no answer is compressed. */
  readonly compress: Compress | undefined;
  readonly clock: Clock;
}

export type WriteResult = ReturnType<typeof createWriteResult>;

/** Makes the response of a result in an accepted media type, else in JSON. */
export function createWriteResult({ pipeline, compress, clock }: WriteResultOptions) {
  return (
    result: WritableResult | AsyncIterable<ExecutionResult>,
    { answer, stream }: AcceptedTypes,
    record: RequestRecord,
  ): HttpResponse<string | Readable> | Promise<HttpResponse> => {
    if (stream && (!answer || Symbol.asyncIterator in result)) {
      const mask = (error: unknown) => pipeline.failed(error, record);
      return streamResponse(result, stream, { signal: record.request.signal, clock, mask });
    }
    if (Symbol.asyncIterator in result) throw new TypeError('The client accepts no stream of results.');
    const response = responseTo(result, answer ?? 'application/json');
    const compressing = compress?.(response.body, result, record);
    if (compressing === undefined) return response;
    return compressing.then((compressed) => {
      if (compressed === undefined) return response;
      const { encoding, bytes } = compressed;
      // `vary` is not needed, because no cache may keep the answer.
      return { ...response, headers: { ...response.headers, 'content-encoding': encoding }, body: bytes };
    });
  };
}
