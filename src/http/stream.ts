import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { type Clock, every } from '../base/clock.ts';
import { notify } from '../base/maybe-promise.ts';
import type { Signal } from '../base/signal.ts';
import type { StreamType } from './negotiation.ts';
import type { HttpResponse } from './response.ts';
import { isFailure, responseHead, stringifyResult } from './shown-result.ts';

interface StreamFormat {
  readonly contentType: string;
  readonly begin: string;
  /** A message without content, which keeps proxies from closing the connection. */
  readonly ping: string;
  readonly next: (json: string, result: ExecutionResult) => string;
  readonly end: string;
}

const BOUNDARY = '\r\n--graphql';

/** The boundary follows each part at once: without it, a client does not know that the part is complete. */
const part = (json: string) => `\r\nContent-Type: application/json\r\n\r\n${json}${BOUNDARY}`;

const HEARTBEAT = part('{}');

const FORMATS: Readonly<Record<StreamType, StreamFormat>> = {
  /** The GraphQL over SSE protocol, with one operation per connection. */
  'text/event-stream': {
    contentType: 'text/event-stream; charset=utf-8',
    // Some browsers deliver the headers only with the first bytes.
    begin: ':\n\n',
    ping: ':\n\n',
    next: (json) => `event: next\ndata: ${json}\n\n`,
    end: 'event: complete\ndata:\n\n',
  },
  /** Apollo's protocol for subscriptions, version 1.0. An error that ends a stream is next to the payload. */
  'multipart/mixed': {
    contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    begin: BOUNDARY + HEARTBEAT,
    ping: HEARTBEAT,
    next: (json, result) =>
      part(isFailure(result) ? `{"payload":null,${json.slice(1)}` : `{"payload":${json}}`),
    end: '--\r\n',
  },
};

interface StreamOptions {
  /** Of the request: aborted when its client leaves. */
  readonly signal: Signal;
  readonly clock: Clock;
  /** Makes the result for an error that occurs while a result is written. */
  readonly mask: (error: unknown) => ExecutionResult;
  /** Called when ending the results fails, which a plugin may have wrapped. */
  readonly onUnexpected: (error: unknown) => void;
}

const PING_EVERY_MS = 12_000;

/** Asks for a result only when the client has read all earlier ones, so a slow client makes the source wait and merge. */
function streamBody(
  results: AsyncIterator<ExecutionResult>,
  format: StreamFormat,
  { signal, clock, mask, onUnexpected }: StreamOptions,
): Readable {
  let hasBegun = false;
  let isAsking = false;
  let cancelPing = (): void => undefined;
  const write = (result: ExecutionResult) => format.next(stringifyResult(result), result);
  const end = (last: string) => {
    body.push(last + format.end);
    body.push(null);
  };
  const ping = () => {
    if (isAsking && body.readableLength === 0) body.push(format.ping);
  };
  const ask = async () => {
    isAsking = true;
    const { value, done } = await results.next();
    isAsking = false;
    if (body.destroyed) return;
    if (done) end('');
    else body.push(write(value));
  };
  const body = new Readable({
    // Nothing is read ahead.
    highWaterMark: 0,
    read() {
      if (!hasBegun) {
        hasBegun = true;
        cancelPing = every(clock, PING_EVERY_MS, ping);
        body.push(format.begin);
      } else if (!isAsking) ask().catch((error) => end(write(mask(error))));
    },
    destroy(error, done) {
      cancelPing();
      signal.removeEventListener('abort', leave);
      notify(() => results.return?.(), onUnexpected);
      done(error);
    },
  });
  const leave = { handleEvent: () => void body.destroy() };
  signal.addEventListener('abort', leave);
  if (signal.aborted) body.destroy();
  return body;
}

/** Makes a stream response from a stream of results, or from a single result. It ends when the client leaves. */
export function streamResponse(
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
  streamType: StreamType,
  options: StreamOptions,
): HttpResponse<Readable> {
  const { contentType } = FORMATS[streamType];
  const hasMore = Symbol.asyncIterator in result;
  const results = hasMore ? result[Symbol.asyncIterator]() : only(result);
  const { status, headers } = responseHead(hasMore ? {} : result, 'application/json');
  // Clients read no stream whose status is not 200. After a 5xx they try again.
  const isFailed = status >= 500;
  return {
    status: isFailed ? status : 200,
    headers: { ...(isFailed && headers), 'content-type': contentType, 'x-accel-buffering': 'no' },
    body: streamBody(results, FORMATS[streamType], options),
  };
}

async function* only(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}
