import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { GraphQLError } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import { CLIENT_LEFT, type RequestRecord, type RequestTracker } from '../observability/request-record.ts';
import type { OwnPath } from './address.ts';
import { type NodeRequest, nodeRequest } from './http-request.ts';
import { REQUEST_ID, requestIdFor } from './response.ts';

export type NodeHandler = (request: NodeRequest, response: ServerResponse, record: RequestRecord) => unknown;

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** How long a client may continue to send a body after the answer. Closing at once would lose the answer. */
const LINGER_MS = 5_000;

/** From arrival to the end of the answer. `arrivedAt`: set if the request has waited, so that its wait counts. */
export function createRequestListener(
  tracker: RequestTracker,
  ownPath: OwnPath,
  answer: NodeHandler,
): RequestListener {
  return (message: IncomingMessage & { readonly arrivedAt?: number }, response) => {
    splitTarget(message);
    const requestId = requestIdFor(message.headers[REQUEST_ID]);
    // Other code that answers this request, such as while draining, finds the id here.
    message.headers[REQUEST_ID] = requestId;
    const request = nodeRequest(message, ownPath);
    const record = tracker.begin(request, requestId, message.arrivedAt);
    // The client left while the request waited, or while code in front of the gateway was busy. No later event will report it.
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
    return answer(request, response, record);
  };
}

const IN_ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/is;
const HOST_FORM = /^[^/?#\\@]+$/;

/** `GET http://host/graphql` becomes a path, unless its host is another than the host header: then it is refused. */
export function splitTarget(message: IncomingMessage & { originalUrl?: string }): void {
  const { url = '', headers, httpVersion } = message;
  if (url.startsWith('/')) return;
  const [, host, path = ''] = IN_ABSOLUTE_FORM.exec(url) ?? [];
  if (host === undefined) return;
  if (headers.host === undefined && httpVersion === '1.0') headers.host = host;
  if (headers.host?.toLowerCase() !== host.toLowerCase()) return;
  message.url = asPath(path);
  const { originalUrl } = message;
  const [, , originalPath] = IN_ABSOLUTE_FORM.exec(originalUrl ?? '') ?? [];
  if (originalPath !== undefined) message.originalUrl = asPath(originalPath);
}

function asPath(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** Refuses too many headers, several hosts, and a host and path that make no URL. Only HTTP/1.0 may omit the host. */
export function checkHead({
  headers: { host },
  rawHeaders,
  httpVersion,
  url = '',
}: IncomingMessage): GraphQLError | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS) return TOO_MANY_HEADERS;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts += 1;
  }
  // node:http reads only the first host, but a proxy may have read another.
  if (hosts > 1) return SEVERAL_HOSTS;
  if (host === undefined) return httpVersion === '1.0' ? undefined : MALFORMED;
  // `splitTarget` has left this absolute form unchanged.
  if (!url.startsWith('/') && url.includes('://')) return HOSTS_DIFFER;
  return HOST_FORM.test(host) && URL.canParse(`http://${host}${url}`) ? undefined : MALFORMED;
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

const HOSTS_DIFFER = requestError(
  'BAD_REQUEST',
  400,
  'The request target is a URL that is not of http or https, or names another host than the host header. Send a path such as /graphql, or the same host in both.',
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

/** Makes the response to a refused upgrade, for which node:http makes none. It is the last response on its connection. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  try {
    response.assignSocket(socket as Socket);
  } catch {
    // An earlier request on the connection is unanswered and the server does not handle this, so only the connection ends.
    socket.destroy();
  }
  response.once('finish', () => (socket as Socket).destroySoon());
  return response;
}
