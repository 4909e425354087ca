import type { ServerResponse } from 'node:http';
import { OPERATION_PATH } from './address.ts';
import type { NodeRequest } from './node.ts';
import type { HttpResponse } from './response.ts';

/** Yoga's own plugins look for an accepted media type and a parser of the body, which the gateway's plugin chooses itself. */
const NO_HEADERS = { get: () => null };
/** Every path that reaches Yoga's router is a path of operations; the routes have refused all others. */
const OPERATION_URL = new URL(`http://localhost${OPERATION_PATH}`);

/**
 * A node:http request as Yoga's own plugins read it: method and URL. A complete `Request` of the Fetch API costs 20 to 30 µs,
 * so Yoga makes one only for the plugins of an embedder.
 */
class RequestView {
  readonly method: string;
  readonly url = OPERATION_URL.href;
  readonly parsedUrl = OPERATION_URL;
  readonly headers = NO_HEADERS;
  readonly signal: NodeRequest['signal'];

  constructor({ method, signal }: NodeRequest) {
    this.method = methodForYoga(method);
    this.signal = signal;
  }
}

/** Yoga takes GET and POST only. HEAD is a GET without the body, QUERY (RFC 10008) a POST that changes nothing. */
export function methodForYoga(method: string): string {
  if (method === 'HEAD') return 'GET';
  return method === 'QUERY' ? 'POST' : method;
}

/** A request for Yoga's plugins alone, which read nothing but these members. */
export function viewOf(sent: NodeRequest): Request {
  return new RequestView(sent) as unknown as Request;
}

/** Yoga passes responses on as they are, so the plain response needs no `Response` of the Fetch API around it. */
export function asView(response: HttpResponse): Response {
  return response as unknown as Response;
}

export function fromView(response: Response): HttpResponse {
  return response as unknown as HttpResponse;
}

/** Stands for a response that its handler has sent by node:http itself. */
export function alreadySent({ statusCode }: ServerResponse): HttpResponse {
  return { status: statusCode, headers: {}, body: '' };
}

/** The same request under the method that Yoga takes. Its record keeps the method that the client sent. */
export function withMethod(request: Request, method: string): Request {
  return new Proxy(request, {
    get(target, name) {
      if (name === 'method') return method;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
