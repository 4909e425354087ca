import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { requestError } from '../errors/coded-error.ts';
import { CLIENT_LEFT, type RequestRecord, type RequestTracker } from '../observability/request-record.ts';
import type { HostCheck } from './guards.ts';
import type { HttpHandler } from './http-handler.ts';
import { NodeRequest } from './http-request.ts';
import { errorResponse, REQUEST_ID, requestIdFor, sendInTurn, sendResponse } from './response.ts';

/** Answers a request at a node:http server. */
export type NodeHandler = (request: NodeRequest, response: ServerResponse, record: RequestRecord) => unknown;

/** Lets the handler answer. */
export function createNodeHandler(handler: HttpHandler): NodeHandler {
  return async (request, response, record) => {
    try {
      const answer = await handler.handle(request, record);
      sendInTurn({ response, answer, requestId: record.requestId });
    } catch {
      response.destroy();
    }
  };
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
  const hasUrl = createUrlCheck();
  return (message, response) => {
    const requestId = requestIdFor(message.headers[REQUEST_ID]);
    // Code that answers in the gateway's place finds it there, as when the process leaves.
    message.headers[REQUEST_ID] = requestId;
    const request = new NodeRequest(message, response);
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
      request.close();
    });
    if (response.socket === null) endWithSocket(message, response);
    const { headers, url } = message;
    const refusal = hasUrl(message)
      ? checkHost({ host: headers.host, origin: headers.origin, path: url })
      : MALFORMED;
    if (refusal) {
      tracker.answered(record, [refusal]);
      return sendResponse({ response, answer: errorResponse(refusal, headers.accept), requestId });
    }
    return answer(request, response, record);
  };
}

/** Whether host and path make a URL. Only HTTP/1.0 may leave the host out. */
function createUrlCheck(): (message: IncomingMessage) => boolean {
  // Most requests are for the same host as the one before, and with a good one every path makes a URL.
  let lastGoodHost: string | undefined;
  return ({ headers: { host }, httpVersion, url = '' }) => {
    if (host === undefined) return httpVersion === '1.0';
    const isPath = url.startsWith('/');
    if (host === lastGoodHost && isPath) return true;
    const isGood = /^[^/?#\\@]+$/.test(host) && URL.canParse(`http://${host}${url}`);
    if (isGood && isPath) lastGoodHost = host;
    return isGood;
  };
}

const MALFORMED = requestError(
  'BAD_REQUEST',
  400,
  'The host header and the path make no URL. Send the host name of the gateway and a path such as /graphql.',
);

function closeUnlessComplete(message: IncomingMessage): void {
  const timer = setTimeout(() => message.destroy(), LINGER_MS).unref();
  message.once('close', () => clearTimeout(timer));
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
