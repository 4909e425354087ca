import { type ClientRequest, credentialsIn, type SentCredentials } from '../observability/request-record.ts';
import type { Signal } from '../transport/call.ts';
import { type BodyLease, type BodyReader, CUT_OFF, gather, type Weighed } from './client-body.ts';
import { BODY_WAS_READ } from './parsed-body.ts';

/** One HTTP request of plain values, as an adapter hands it over. */
export interface HttpRequest extends ClientRequest {
  readonly searchParams: URLSearchParams;
  /** About what its URL and its headers keep of memory, as long as it is not answered. */
  readonly headBytes: number;
  /** As it was sent: of a body that was parsed in front of the gateway, Yoga says everywhere that it was JSON. */
  readonly contentType: string | null;
  /**
   * Gives the reader's result for at most `limit` bytes of the body. The text is let go as soon as it is read: from then on the
   * lease is for what the operation keeps of it, until it is released, which this does itself where there is no operation.
   * @throws BODY_TOO_LARGE as soon as that is certain, by its content-length before anything is read; OVERLOADED;
   * INTERNAL_SERVER_ERROR for one that was read and is nowhere; what the reader throws
   */
  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read>;
}

/** A view of a Fetch API request. */
export class FetchRequest implements HttpRequest {
  readonly address = '';
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly headBytes: number;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly #request: Request;

  constructor(request: Request, { pathname, searchParams, search }: URL) {
    this.#request = request;
    this.method = request.method;
    this.path = pathname;
    this.searchParams = searchParams;
    // Its server has the headers, and bounds them.
    this.headBytes = search.length;
    this.contentType = request.headers.get('content-type');
    this.credentials = credentialsIn(this.header('token'), this.header('authorization'));
  }

  get signal(): Signal {
    return this.#request.signal;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }

  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    const { headers, bodyUsed, body: chunks } = this.#request;
    return new Promise((resolve, reject) => {
      const body = gather(headers.get('content-length'), limit, lease, reader, resolve, reject);
      if (bodyUsed || chunks?.locked) return body.stop(BODY_WAS_READ);
      const read = async () => {
        for await (const chunk of (chunks ?? []) as AsyncIterable<Uint8Array>) if (!body.add(chunk)) return;
        body.end();
      };
      // Its server makes the stream fail when the client has left, by an error of its own.
      read().catch(() => body.stop(CUT_OFF));
    });
  }
}
