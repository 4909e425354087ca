import type { Dispatcher } from 'undici';
import { readBody, tooLarge } from './body.ts';
import type { Answer, Call, Reply, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { atDeadline } from './deadline.ts';
import { BadResponse, type CallFailure, ClientLeft, TimedOut, Unavailable } from './failure.ts';

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  /** Scheme, host and port of the API. */
  readonly origin: string;
  /** What stands before every path, such as `/luaauth` behind a proxy; empty or without a slash at its end. */
  readonly basePath: string;
  /** Largest body in bytes, decoded. */
  readonly maxBodyBytes: number;
  readonly userAgent: string;
  readonly clock: Clock;
}

/** Who has waited long for its turn may have little time left: less than this says nothing about the API. */
const FAIR_MS = 500;

/**
 * The innermost step: one request, one answer. The deadline covers connecting, sending and the whole body; past it, or
 * when a read's signal aborts, the socket is closed. Redirects are answers like any other, never followed.
 *
 * It speaks to undici through a dispatch handler of its own, because `request()` does not tell whether a request that
 * failed had been written: that decides whether a write may be repeated.
 */
export function createExchange(options: ExchangeOptions): Send {
  return async (call) => {
    const { reply, sentAt, bytes } = await exchange(call, options);
    return { value: call.interpret(reply), bytes, sentAt };
  };
}

type Received = { readonly reply: Reply } & Omit<Answer<unknown>, 'value'>;

function exchange<T>(call: Call<T>, options: ExchangeOptions): Promise<Received> {
  const { clock, maxBodyBytes } = options;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let sentAt: number | undefined;
    let status = 0;
    let headers: Reply['headers'] = {};
    let size = 0;
    const chunks: Buffer[] = [];
    const signal = call.kind === 'read' ? call.signal : undefined;

    const settle = () => {
      settled = true;
      cancelTimer();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (failure: CallFailure) => {
      if (settled) return;
      settle();
      reject(failure);
      controller?.abort(failure);
    };
    const finish = (text: string | Promise<string>): Received | Promise<Received> =>
      typeof text === 'string'
        ? { reply: { status, headers, text }, sentAt: sentAt as number, bytes: text.length }
        : text.then(finish);
    const executed = () => (sentAt === undefined ? 'no' : 'unknown');
    const onAbort = () => fail(new ClientLeft(call, executed()));

    const timeoutMs = Math.max(0, Math.min(call.timeoutMs, call.deadline - clock.now()));
    const unhealthy = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    const cancelTimer = atDeadline(clock, timeoutMs, (wasLate) =>
      fail(new TimedOut(call, executed(), { unhealthy: unhealthy && !wasLate })),
    );
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) return onAbort();

    options.dispatcher.dispatch(
      {
        origin: options.origin,
        path: options.basePath + call.path,
        method: call.method,
        headers: requestHeaders(call, options.userAgent),
        body: call.body ?? null,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      {
        onRequestStart(dispatchController) {
          controller = dispatchController;
          if (settled) return controller.abort(new Error('no longer wanted'));
          sentAt = clock.now();
          call.origin.tally.calls += 1;
          call.onSent?.();
        },
        onResponseStart(_controller, statusCode, responseHeaders) {
          status = statusCode;
          headers = responseHeaders;
          call.onAnswered?.();
          if (Number(headers['content-length']) > maxBodyBytes) fail(tooLarge(call, maxBodyBytes));
        },
        onResponseData(_controller, chunk) {
          size += chunk.length;
          if (size > maxBodyBytes) return fail(tooLarge(call, maxBodyBytes));
          chunks.push(chunk);
        },
        onResponseEnd() {
          if (settled) return;
          settle();
          const encoding = String(headers['content-encoding'] ?? '').toLowerCase();
          const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
          try {
            resolve(finish(readBody(call, bytes, encoding, maxBodyBytes)));
          } catch (failure) {
            reject(failure);
          }
        },
        onResponseError(_controller, cause) {
          fail(brokenOff(call, sentAt !== undefined, status, cause));
        },
      },
    );
  });
}

function brokenOff<T>(call: Call<T>, sent: boolean, status: number, cause: Error): CallFailure {
  if (!sent) return new Unavailable(call, 'no', { cause });
  if (status > 0) return new BadResponse(call, 'it ends before it is complete', { cause, transient: true });
  // undici's parser errors: bytes came, but they are not HTTP.
  if (cause.name === 'HTTPParserError') return new BadResponse(call, 'it is not HTTP', { cause });
  return new Unavailable(call, 'unknown', { cause });
}

/** The whole list of what goes upstream: nothing of the client's request but its key. */
function requestHeaders<T>(call: Call<T>, userAgent: string): Record<string, string> {
  return {
    token: call.origin.key,
    accept: 'application/json',
    'user-agent': userAgent,
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}
