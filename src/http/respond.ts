import type { ExecutionResult } from 'graphql';
import type { RequestRecord } from '../observability/request-record.ts';
import { isStream, type WritableResult } from '../operation/pipeline.ts';
import type { Door } from './doors.ts';
import { abandon, type Exchange } from './http-request.ts';
import type { Encoding } from './negotiation.ts';
import { type FetchAPI, responseFor, responseTo } from './response.ts';
import { streamResponse } from './stream.ts';

/** Compresses the text of an answer. Undefined, at once or later, if it should be sent uncompressed. */
export type Compress = (
  text: string,
  result: ExecutionResult,
  record: RequestRecord,
) => Promise<{ readonly encoding: Encoding; readonly bytes: NonSharedBuffer } | undefined> | undefined;

export interface RespondOptions extends Pick<Door, 'pipeline' | 'tracker' | 'clock'> {
  /** Undefined: no answer is compressed. */
  readonly compress: Compress | undefined;
}

/** Makes the response of a result in an accepted media type, else in JSON. */
export function createRespond({ pipeline, tracker, compress, clock }: RespondOptions) {
  return (
    exchange: Exchange,
    result: WritableResult | AsyncIterable<ExecutionResult>,
    fetchAPI: FetchAPI,
  ): Response | Promise<Response> => {
    const { record, wants } = exchange;
    const { answer, stream } = wants;
    const hasMore = isStream(result);
    // A plugin or its failure has replaced the results of a subscription.
    if (!hasMore) abandon(exchange);
    const shown = hasMore ? result : pipeline.mask(result, record);
    if (stream && (!answer || hasMore)) {
      const mask = (error: unknown) => pipeline.failed(error, record);
      const onUnexpected = (error: unknown) => tracker.unexpected(error, record);
      const { signal } = exchange.request;
      return responseFor(streamResponse(shown, stream, { signal, clock, mask, onUnexpected }), fetchAPI);
    }
    if (isStream(shown)) throw new TypeError('The client accepts no stream of results.');
    const response = responseTo(shown, answer ?? 'application/json');
    const compressing = compress?.(response.body, shown, record);
    if (compressing === undefined) return responseFor(response, fetchAPI);
    return compressing.then((compressed) => {
      if (compressed === undefined) return responseFor(response, fetchAPI);
      const { encoding, bytes } = compressed;
      // `vary` is not needed, because no cache may keep the answer.
      const headers = { ...response.headers, 'content-encoding': encoding };
      return responseFor({ ...response, headers, body: bytes }, fetchAPI);
    });
  };
}
