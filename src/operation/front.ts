import type { IncomingMessage, RequestListener } from 'node:http';
import { headerOf } from '../http/node-request.ts';
import { nameRequest } from '../http/request-id.ts';
import { CLIENT_LEFT, type Facts, type Visits } from './visit.ts';

/** Follows each request at a node:http server from its arrival to the end of its answer, which carries its id. */
export function createVisitFront(visits: Visits, listener: RequestListener): RequestListener {
  return (request, response) => {
    const visit = visits.begin(request, new NodeFacts(request));
    nameRequest(response, visit.requestId);
    response.on('close', () => {
      visits.end(visit, response.headersSent ? response.statusCode : CLIENT_LEFT);
    });
    return listener(request, response);
  };
}

class NodeFacts implements Facts {
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get path(): string {
    return (this.#request.url ?? '').split('?', 1)[0] as string;
  }

  header(name: string): string | null {
    return headerOf(this.#request, name);
  }
}
