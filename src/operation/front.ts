import type { IncomingMessage, RequestListener } from 'node:http';
import { REQUEST_ID } from '../http/request-id.ts';
import { CLIENT_LEFT, type Facts, type Visits } from './visit.ts';

/** Follows each request at a node:http server from its arrival to the end of its answer, which carries its id. */
export function createVisitFront(visits: Visits, listener: RequestListener): RequestListener {
  return (request, response) => {
    const visit = visits.begin(request, factsOf(request));
    response.setHeader(REQUEST_ID, visit.requestId);
    response.once('close', () => {
      visits.end(visit, response.headersSent ? response.statusCode : CLIENT_LEFT);
    });
    return listener(request, response);
  };
}

function factsOf({ method = '', url = '', headers }: IncomingMessage): Facts {
  return {
    method,
    path: url.split('?', 1)[0] as string,
    header(name) {
      const value = headers[name];
      return (Array.isArray(value) ? value.join(', ') : value) ?? null;
    },
  };
}
