import type { Socket } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { isStream, type ResultStream } from '../operation/result-stream.ts';
import type { Clock } from '../transport/clock.ts';
import type { Signal } from '../transport/signal.ts';
import { eventStream } from './event-stream.ts';
import { pingHalfClosed } from './half-closed-stream.ts';
import type { StreamType } from './media-type.ts';
import { multipartStream } from './multipart.ts';
import { responseHead, stringifyResult } from './result-response.ts';
import { StreamBody, type StreamFormat } from './stream-body.ts';

const FORMATS: Readonly<Record<StreamType, StreamFormat>> = {
  'text/event-stream': eventStream,
  'multipart/mixed': multipartStream,
};

export interface StreamProcessorOptions {
  readonly streamType: StreamType;
  /** The client has left. */
  readonly signal: Signal;
  readonly clock: Clock;
  /** Where it comes from a server. */
  readonly socket: Socket | undefined;
}

/** Makes a response of a stream of results, or of one result, which is then a stream by itself. */
export function createStreamProcessor({ streamType, signal, clock, socket }: StreamProcessorOptions) {
  const format = FORMATS[streamType];
  return (
    result: ExecutionResult | ResultStream,
    { Response }: { Response: typeof globalThis.Response },
  ): Response => {
    const hasMore = isStream(result);
    const results = hasMore ? result : only(result);
    const body = new StreamBody(results, { format, stringify: stringifyResult, signal, clock });
    if (socket) pingHalfClosed(socket, body);
    // Yoga's responses take Node's streams as well.
    return new Response(body as never, {
      status: hasMore ? 200 : statusOf(result),
      headers: { 'content-type': format.contentType, 'x-accel-buffering': 'no' },
    });
  };
}

/** Clients look into no stream of another status than 200. They come again after one that says that this may help. */
function statusOf(result: ExecutionResult): number {
  const { status } = responseHead(result, 'application/json');
  return status >= 500 ? status : 200;
}

async function* only(result: ExecutionResult): ResultStream {
  yield result;
}
