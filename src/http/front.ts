import type { IncomingMessage, RequestListener } from 'node:http';
import { requestError } from '../errors.ts';
import { errorAnswer, sendAnswer } from './answer.ts';

/** How long a client may go on sending a body whose request is answered already. Closing at once would lose the answer. */
const LINGER_MS = 5_000;

/** Stands in front of Yoga at a node:http server, for what Yoga cannot see or would answer with a stack trace. */
export function createFront(yoga: RequestListener): RequestListener {
  const hasUrl = createUrlCheck();
  return (request, response) => {
    response.on('finish', () => {
      if (!request.complete) closeUnlessComplete(request);
    });
    if (!hasUrl(request)) {
      return sendAnswer(response, errorAnswer(MALFORMED, request.headers.accept));
    }
    return yoga(request, response);
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
