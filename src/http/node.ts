import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import {
  CLIENT_LEFT,
  credentialsIn,
  type RequestRecord,
  type RequestTracker,
  type SentCredentials,
} from '../observability/request-record.ts';
import { AbortSource } from '../transport/call.ts';
import { OPERATION_PATH } from './address.ts';
import { type BodyLease, type BodyReader, CUT_OFF, gather, type Weighed } from './client-body.ts';
import type { HostCheck } from './guards.ts';
import type { HttpRequest } from './http-request.ts';
import { bytesOfParsed } from './parsed-body.ts';
import { errorResponse, REQUEST_ID, requestIdFor, sendResponse } from './response.ts';

/** Answers a request at a node:http server. */
export type NodeHandler = (request: NodeRequest, response: ServerResponse, record: RequestRecord) => unknown;

/** A view of a node:http request. */
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
  readonly signal = new AbortSource();

  constructor(message: IncomingMessage) {
    const { method = '', url = '', headers, rawHeaders, socket } = message;
    // Most requests are operations by POST, whose URL says nothing further.
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
  }

  header(name: string): string | null {
    const value = this.message.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  /** Counting here costs next to nothing; through a web stream it would halve the throughput. */
  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    const { message } = this;
    return new Promise((resolve, reject) => {
      const body = gather(message.headers['content-length'], limit, lease, reader, resolve, reject);
      if (wasRead(message)) {
        try {
          if (body.add(bytesOfParsed(message))) body.end();
        } catch (error) {
          body.stop(error);
        }
        return;
      }
      // Its connection broke while something in front of the gateway waited; no event says so again.
      if (message.destroyed) return body.stop(CUT_OFF);
      // The rest after a refusal is read and thrown away, so that the client gets to the answer.
      message.on('data', body.add);
      message.on('end', body.end);
      const onCut = () => body.stop(CUT_OFF);
      message.on('error', onCut);
      // A request may be destroyed without an error.
      message.on('close', onCut);
      // Something in front of the gateway may have paused it.
      message.resume();
    });
  }
}

/** Two texts in a list and an entry of an object take 128 bytes of the heap: as much as `HEAP_PER_BYTE` allows for these bytes. */
const HEADER_BYTES = 16;
const NO_PARAMETERS = new URLSearchParams();

/** Undefined: host and path make no URL. */
function urlOf(message: IncomingMessage): URL | undefined {
  const { headers, url } = message;
  // Express keeps there what it cuts off of a path where the gateway is mounted.
  const { originalUrl = url } = message as { readonly originalUrl?: string };
  const text = `http://${headers.host ?? 'localhost'}${originalUrl}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether something in front of the gateway has begun to read a request, or has read it. */
export function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded;
}

/** How long a client may go on sending a body whose request is answered already. Closing at once would lose the answer. */
const LINGER_MS = 5_000;

/**
 * Follows each request at a node:http server from its arrival to the end of its answer, and refuses what makes no URL and
 * what `checkHost` does.
 */
export function createRequestListener(
  tracker: RequestTracker,
  checkHost: HostCheck,
  answer: NodeHandler,
): RequestListener {
  const checkHead = createHeadCheck();
  return (message, response) => {
    splitTarget(message);
    const requestId = requestIdFor(message.headers[REQUEST_ID]);
    // Code that answers in the gateway's place finds it there, as when the process leaves.
    message.headers[REQUEST_ID] = requestId;
    const request = new NodeRequest(message);
    const record = tracker.begin(request, requestId);
    // Its client left while something in front of the gateway waited; no event says so again.
    if (response.closed) return tracker.end(record, CLIENT_LEFT);
    let isSent = false;
    response.on('finish', () => {
      // Node says so as well of what it throws away with a connection.
      isSent = !message.socket.destroyed;
      if (!message.complete) closeUnlessComplete(message);
    });
    response.once('close', () => {
      tracker.end(record, isSent ? response.statusCode : CLIENT_LEFT);
      // Nothing goes on for a client that has left.
      if (!response.writableFinished) request.signal.abort();
    });
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

/**
 * Gives a request with a target in absolute form, such as `GET http://host/graphql`, the usual path and host header. As RFC 9112
 * (3.2.2) demands, the host of the target replaces the header. A bad or missing header is left for the head check to refuse.
 */
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

/** Refuses too many headers, several hosts, and a host and path that make no URL. Only HTTP/1.0 may leave the host out. */
export function createHeadCheck(): (message: IncomingMessage) => GraphQLError | undefined {
  // Most requests are for the same host as the one before, and with a good one every path makes a URL.
  let lastGoodHost: string | undefined;
  return ({ headers: { host }, rawHeaders, httpVersion, url = '' }) => {
    if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY_HEADERS;
    let hosts = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1;
    }
    // node:http reads the first host only, and a proxy in front may have read another.
    if (hosts > 1) return SEVERAL_HOSTS;
    if (host === undefined) return httpVersion === '1.0' ? undefined : MALFORMED;
    const isPath = url.startsWith('/');
    if (host === lastGoodHost && isPath) return undefined;
    // An absolute form that `splitTarget` left as it is.
    if (!isPath && url.includes('://')) return MALFORMED;
    const isGood = HOST_FORM.test(host) && URL.canParse(`http://${host}${url}`);
    if (isGood && isPath) lastGoodHost = host;
    return isGood ? undefined : MALFORMED;
  };
}

/** Browsers and proxies send far fewer. */
export const MAX_HEADERS = 200;
const HOST = 'host';

const TOO_MANY_HEADERS = requestError(
  'BAD_REQUEST',
  431,
  `The request has more than ${MAX_HEADERS} headers, which is all that this gateway takes. Send fewer.`,
);

const SEVERAL_HOSTS = requestError('BAD_REQUEST', 400, 'The request has several host headers. Send one.');

const MALFORMED = requestError(
  'BAD_REQUEST',
  400,
  'The host header and the path make no URL. Send the host name of the gateway and a path such as /graphql.',
);

function closeUnlessComplete(message: IncomingMessage): void {
  const { socket } = message;
  // Holds the socket alone: node:http closes no message that is answered, and its head may be large.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const cancel = () => {
    clearTimeout(timer);
    socket.off('close', cancel);
  };
  message.once('close', cancel);
  socket.once('close', cancel);
}

/**
 * Ends a response that waits behind another one on its connection when the client leaves. node:http notifies only the one
 * whose turn it is, before Node 24; the others would go on for nobody, and never be heard of again.
 */
function endWithSocket({ socket }: IncomingMessage, response: ServerResponse): void {
  const onClose = () => {
    if (response.socket !== null || response.writableFinished) return;
    response.destroy();
    response.emit('close');
  };
  // As many as the client has sent: no leak.
  socket.setMaxListeners(0);
  socket.once('close', onClose);
  response.once('close', () => socket.off('close', onClose));
}
