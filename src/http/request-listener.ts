import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { requestError } from '../errors/coded-error.ts';
import { CLIENT_LEFT, type RequestRecord, type RequestTracker } from '../observability/request-record.ts';
import { NodeClientRequest } from './client-request.ts';
import type { HostCheck } from './host-check.ts';
import { endWithSocket } from './pipelined.ts';
import { REQUEST_ID, requestIdFor, sendResponse } from './response.ts';
import { errorResponse } from './result-response.ts';

/** How long a client may go on sending a body whose request is answered already. Closing at once would lose the answer. */
const LINGER_MS = 5_000;

/** Answers a request at a node:http server, and knows its record. */
export type Door = (request: IncomingMessage, response: ServerResponse, record: RequestRecord) => unknown;

/**
 * Stands before the doors at a node:http server: follows each request from its arrival to the end of its answer, and
 * refuses what makes no URL, which Yoga would answer with a stack trace, and what `checkHost` does.
 */
export function createRequestListener(
  tracker: RequestTracker,
  checkHost: HostCheck,
  door: Door,
): RequestListener {
  const hasUrl = createUrlCheck();
  return (request, response) => {
    const requestId = requestIdFor(request.headers[REQUEST_ID]);
    // Who answers past the doors finds it there, as when the process leaves.
    request.headers[REQUEST_ID] = requestId;
    const record = tracker.begin(new NodeClientRequest(request, response), requestId);
    let isSent = false;
    response.on('finish', () => {
      // Node says so as well of what it throws away with a connection.
      isSent = !request.socket.destroyed;
      if (!request.complete) closeUnlessComplete(request);
    });
    response.on('close', () => tracker.end(record, isSent ? response.statusCode : CLIENT_LEFT));
    endWithSocket(request, response);
    const { headers, url } = request;
    const refusal = hasUrl(request)
      ? checkHost({ host: headers.host, origin: headers.origin, path: url })
      : MALFORMED;
    if (refusal) {
      tracker.answered(record, [refusal]);
      return sendResponse(response, errorResponse(refusal, headers.accept), requestId);
    }
    return door(request, response, record);
  };
}

/** Whether host and path make the URL that Yoga will see. Only HTTP/1.0 may leave the host out. */
function createUrlCheck(): (request: IncomingMessage) => boolean {
  // Most requests are for the same host as the one before.
  let lastGoodHost: string | undefined;
  return ({ headers: { host }, httpVersion, url }) => {
    if (host === undefined) return httpVersion === '1.0';
    if (host === lastGoodHost && url === '/graphql') return true;
    const isGood = /^[^/?#\\@]+$/.test(host) && URL.canParse(`http://${host}${url}`);
    if (isGood && url === '/graphql') lastGoodHost = host;
    return isGood;
  };
}

const MALFORMED = requestError(
  'BAD_REQUEST',
  400,
  'The host header and the path make no URL. Send the host name of the gateway and a path such as /graphql.',
);

function closeUnlessComplete(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
