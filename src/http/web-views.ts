import type { ServerResponse } from 'node:http';
import { OPERATION_PATH } from './address.ts';
import type { NodeRequest } from './node.ts';
import type { HttpResponse } from './response.ts';

/** Yoga's own plugins look for a media type and a body parser, which the gateway's plugin chooses itself. */
const NO_HEADERS = { get: () => null };
/** All paths that reach Yoga's router are paths of operations; the routes have refused the others. */
const OPERATION_URL = new URL(`http://localhost${OPERATION_PATH}`);

/** Has only what Yoga's own plugins read. A complete `Request` costs 20 to 30 µs. */
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

/** Yoga accepts only GET and POST. HEAD is a GET without the body, QUERY (RFC 10008) a POST that changes nothing. */
export function methodForYoga(method: string): string {
  if (method === 'HEAD') return 'GET';
  return method === 'QUERY' ? 'POST' : method;
}

/** Wraps a request for Yoga's plugins, which read only these members. */
export function viewOf(sent: NodeRequest): Request {
  return new RequestView(sent) as unknown as Request;
}

/** Yoga passes responses on unchanged, so a plain response needs no Fetch API `Response` around it. */
export function asView(response: HttpResponse): Response {
  return response as unknown as Response;
}

export function fromView(response: Response): HttpResponse {
  return response as unknown as HttpResponse;
}

/** Stands for a response that its handler has already sent. */
export function alreadySent({ statusCode }: ServerResponse): HttpResponse {
  return { status: statusCode, headers: {}, body: '' };
}

/** The same request with a method that Yoga accepts. Its record keeps the client's method. */
export function withMethod(request: Request, method: string): Request {
  return new Proxy(request, {
    get(target, name) {
      if (name === 'method') return method;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
