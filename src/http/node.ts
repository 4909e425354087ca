import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { Reservation } from '../gate/memory.ts';
import {
  CLIENT_LEFT,
  credentialsIn,
  type RequestRecord,
  type RequestTracker,
  type SentCredentials,
} from '../observability/request-record.ts';
import { AbortSource } from '../transport/call.ts';
import { OPERATION_PATH } from './address.ts';
import { type BodyReader, CUT_OFF, gather, type Weighed } from './client-body.ts';
import type { HostCheck } from './guards.ts';
import type { HttpRequest } from './http-request.ts';
import { bytesOfParsed } from './parsed-body.ts';
import { errorResponse, REQUEST_ID, requestIdFor, sendResponse } from './response.ts';

export type NodeHandler = (request: NodeRequest, response: ServerResponse, record: RequestRecord) => unknown;

export class NodeRequest implements HttpRequest {
  readonly message: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly headBytes: number;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly address: string;
  readonly socket: Socket;
  /** A stream of HTTP/2 must not pause the socket of all. */
  readonly source: Socket | undefined;
  readonly signal = new AbortSource();

  constructor(message: IncomingMessage) {
    const { method = '', url = '', headers, rawHeaders, socket } = message;
    // Most requests are operations by POST, whose URL needs no parsing.
    const parsed = url === OPERATION_PATH ? undefined : urlOf(message);
    this.message = message;
    this.method = method;
    this.path = parsed?.pathname ?? (url.split('?', 1)[0] as string);
    this.searchParams = parsed?.searchParams ?? NO_PARAMETERS;
    let headBytes = url.length + (rawHeaders.length / 2) * HEADER_BYTES;
    for (const text of rawHeaders) headBytes += text.length;
    this.headBytes = headBytes;
    this.contentType = headers['content-type'] ?? null;
    this.credentials = credentialsIn(this.header('token'), headers.authorization ?? null);
    this.address = socket.remoteAddress ?? '';
    this.socket = socket;
    this.source = message.httpVersionMajor === 1 ? socket : undefined;
  }

  header(name: string): string | null {
    const value = this.message.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  /** Reads the body from the message itself: a web stream would halve the throughput. */
  readBody<Read extends Weighed>(limit: number, held: Reservation, reader: BodyReader<Read>): Promise<Read> {
    const { message } = this;
    return new Promise((resolve, reject) => {
      const body = gather(message.headers['content-length'], limit, held, reader, resolve, reject);
      if (wasRead(message)) {
        try {
          if (body.add(bytesOfParsed(message))) body.end();
        } catch (error) {
          body.stop(error);
        }
        return;
      }
      // The connection broke while code in front of the gateway was busy; no later event says so.
      if (message.destroyed) return body.stop(CUT_OFF);
      // After a refusal, the rest of the body is read and dropped, so that the client reaches the answer.
      message.on('data', body.add);
      const onEnd = () => {
        body.end();
        // The message lives as long as its answer takes, and would keep the listeners with their memory.
        message.off('data', body.add).off('end', onEnd).off('error', onCut).off('close', onCut);
        // Without a listener, a later error would end the process, for example an error of an HTTP/2 stream.
        message.on('error', ignore);
      };
      message.on('end', onEnd);
      const onCut = () => body.stop(CUT_OFF);
      message.on('error', onCut);
      // A request may be destroyed without an error.
      message.on('close', onCut);
      // Code in front of the gateway may have paused it.
      message.resume();
    });
  }
}

const ignore = () => undefined;

/** Two strings in an array and an entry of an object take 128 bytes of heap: `HEAP_PER_BYTE` times this. */
const HEADER_BYTES = 16;
const NO_PARAMETERS = new URLSearchParams();

/** Undefined if host and path make no URL. */
function urlOf(message: IncomingMessage): URL | undefined {
  const { headers, url } = message;
  // Express keeps the full path here when the gateway is mounted.
  const { originalUrl = url } = message as { readonly originalUrl?: string };
  const text = `http://${headers.host ?? 'localhost'}${originalUrl}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

export function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded;
}

/** How long a client may continue to send a body after the answer. Closing at once would lose the answer. */
const LINGER_MS = 5_000;

/**
 * From arrival to the end of the answer. Refuses malformed heads and hosts that `checkHost` refuses. `arrivedAt`: set if the
 * request has waited, so that its wait counts.
 */
export function createRequestListener(
  tracker: RequestTracker,
  checkHost: HostCheck,
  answer: NodeHandler,
): RequestListener {
  const checkHead = createHeadCheck();
  return (message: IncomingMessage & { readonly arrivedAt?: number }, response) => {
    splitTarget(message);
    const requestId = requestIdFor(message.headers[REQUEST_ID]);
    // Other code that answers this request, such as while draining, finds the id here.
    message.headers[REQUEST_ID] = requestId;
    const request = new NodeRequest(message);
    const record = tracker.begin(request, requestId, message.arrivedAt);
    // The client left while the request waited, or while code in front of the gateway was busy; no later event says so.
    if (response.closed || message.socket.destroyed) return tracker.end(record, CLIENT_LEFT);
    let isSent = false;
    response.on('finish', () => {
      // Node also emits `finish` for answers that it drops with their connection.
      isSent = !message.socket.destroyed;
      if (!message.complete) closeUnlessComplete(message);
    });
    // Not `once`, which would keep 200 bytes more while the request waits.
    const onClose = () => {
      response.off('close', onClose);
      tracker.end(record, isSent ? response.statusCode : CLIENT_LEFT);
      // Stops the work for a client that has left.
      if (!response.writableFinished) request.signal.abort();
    };
    response.on('close', onClose);
    if (response.socket === null) endWithSocket(message, response);
    const { headers, url } = message;
    const refusal =
      checkHead(message) ?? checkHost({ host: headers.host, origin: headers.origin, path: url });
    if (refusal) {
      tracker.answered(record, [refusal]);
      return sendResponse({ response, answer: errorResponse(refusal, headers.accept), requestId });
    }
    return answer(request, response, record);
  };
}

const IN_ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/is;
const HOST_FORM = /^[^/?#\\@]+$/;

/** `GET http://host/graphql` becomes a path and a host header. The target's host wins (RFC 9112, 3.2.2). */
export function splitTarget(message: IncomingMessage & { originalUrl?: string }): void {
  const { url = '', headers, httpVersion } = message;
  if (url.startsWith('/')) return;
  const [, host, path = ''] = IN_ABSOLUTE_FORM.exec(url) ?? [];
  const isHeaderGood = headers.host === undefined ? httpVersion === '1.0' : HOST_FORM.test(headers.host);
  if (host === undefined || !isHeaderGood) return;
  headers.host = host;
  message.url = asPath(path);
  const { originalUrl } = message;
  const [, , originalPath] = IN_ABSOLUTE_FORM.exec(originalUrl ?? '') ?? [];
  if (originalPath !== undefined) message.originalUrl = asPath(originalPath);
}

function asPath(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Refuses too many headers, several hosts, and a host and path that make no URL. Only HTTP/1.0 may omit the host. */
export function createHeadCheck(): (message: IncomingMessage) => GraphQLError | undefined {
  // Most requests have the host of the previous request, and with a good host every path makes a URL.
  let lastGoodHost: string | undefined;
  return ({ headers: { host }, rawHeaders, httpVersion, url = '' }) => {
    if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY_HEADERS;
    let hosts = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1;
    }
    // node:http reads only the first host, but a proxy may have read another.
    if (hosts > 1) return SEVERAL_HOSTS;
    if (host === undefined) return httpVersion === '1.0' ? undefined : MALFORMED;
    const isPath = url.startsWith('/');
    if (host === lastGoodHost && isPath) return undefined;
    // `splitTarget` has left this absolute form unchanged.
    if (!isPath && url.includes('://')) return MALFORMED;
    const isValid = HOST_FORM.test(host) && URL.canParse(`http://${host}${url}`);
    if (isValid && isPath) lastGoodHost = host;
    return isValid ? undefined : MALFORMED;
  };
}

/** Browsers and proxies send far fewer. */
export const MAX_HEADERS = 200;
const HOST = 'host';

const TOO_MANY_HEADERS = requestError(
  'BAD_REQUEST',
  431,
  `The request has more than ${MAX_HEADERS} headers, the most that this gateway accepts. Send fewer headers.`,
);

const SEVERAL_HOSTS = requestError(
  'BAD_REQUEST',
  400,
  'The request has several host headers. Send one host header.',
);

const MALFORMED = requestError(
  'BAD_REQUEST',
  400,
  'The host header and the path make no URL. Send the host name of the gateway and a path such as /graphql.',
);

function closeUnlessComplete(message: IncomingMessage): void {
  const { socket } = message;
  // Refers only to the socket: node:http keeps an answered message open, and its head may be large.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const cancel = () => {
    clearTimeout(timer);
    socket.off('close', cancel);
  };
  message.once('close', cancel);
  socket.once('close', cancel);
}

/** Before Node 24, node:http notifies only the first response of a connection when the client leaves. */
function endWithSocket({ socket }: IncomingMessage, response: ServerResponse): void {
  const onClose = () => {
    if (response.socket !== null || response.writableFinished) return;
    response.destroy();
    response.emit('close');
  };
  // One listener for each request of the connection is no leak.
  socket.setMaxListeners(0);
  socket.once('close', onClose);
  response.once('close', () => socket.off('close', onClose));
}
