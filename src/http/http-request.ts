import type { Reservation } from '../gate/memory.ts';
import { type ClientRequest, credentialsIn, type SentCredentials } from '../observability/request-record.ts';
import type { Signal } from '../transport/call.ts';
import { type BodyReader, CUT_OFF, gather, type Weighed } from './client-body.ts';
import { BODY_WAS_READ } from './parsed-body.ts';

export interface HttpRequest extends ClientRequest {
  readonly searchParams: URLSearchParams;
  /** The approximate memory of its URL and headers until it is answered. */
  readonly headBytes: number;
  /** The content type that the client sent. Yoga replaces it with JSON if the body was parsed in front of the gateway. */
  readonly contentType: string | null;
  /**
   * Reads at most `limit` bytes of the body and returns the reader's result. `held` then holds what the operation keeps.
   * If the read fails, this releases `held`.
   * @throws BODY_TOO_LARGE, by the content-length before reading; OVERLOADED; INTERNAL_SERVER_ERROR if the body was read
   * before and is gone; the reader's error
   */
  readBody<Read extends Weighed>(limit: number, held: Reservation, reader: BodyReader<Read>): Promise<Read>;
}

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
    // The server of the Fetch API holds and bounds the headers.
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

  readBody<Read extends Weighed>(limit: number, held: Reservation, reader: BodyReader<Read>): Promise<Read> {
    const { headers, bodyUsed, body: chunks } = this.#request;
    return new Promise((resolve, reject) => {
      const body = gather(headers.get('content-length'), limit, held, reader, resolve, reject);
      if (bodyUsed || chunks?.locked) return body.stop(BODY_WAS_READ);
      const read = async () => {
        for await (const chunk of (chunks ?? []) as AsyncIterable<Uint8Array>) if (!body.add(chunk)) return;
        body.end();
      };
      // If the client leaves, the server fails the stream with its own error.
      read().catch(() => body.stop(CUT_OFF));
    });
  }
}
