import type { IncomingMessage } from 'node:http';
import { requestError } from '../errors/coded-error.ts';
import { GrowingBuffer } from '../transport/body.ts';
import type { BodyShare } from './body-budget.ts';

/** Scripts travel in the body, as variables. */
export const DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * The body of a node:http request, at most `limit` bytes of it. It holds its share until that is released, which this
 * does itself for a body that is not read to its end. Counting here costs next to nothing; through a web stream it would
 * halve the throughput.
 * @throws BODY_TOO_LARGE as soon as that is certain, by its content-length before anything is read; OVERLOADED
 */
export function readNodeBody(request: IncomingMessage, limit: number, share: BodyShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new ArrivingBody(limit, share, reject);
    // What comes after a refusal is read and thrown away, so that the client gets to the answer.
    request.on('data', (chunk: Buffer) => body.add(chunk));
    request.on('end', () => body.end(resolve));
    request.on('error', () => body.stop(CUT_OFF));
    // Whoever destroys a request need not say why.
    request.on('close', () => body.stop(CUT_OFF));
    body.announce(request.headers['content-length']);
  });
}

/** The body of a web request, for gateways that are embedded as a fetch handler. @throws as `readNodeBody` does. */
export function readWebBody(request: Request, limit: number, share: BodyShare): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new ArrivingBody(limit, share, reject);
    body.announce(request.headers.get('content-length'));
    const read = async () => {
      for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
        if (!body.add(chunk)) return;
      }
      body.end(resolve);
    };
    read().catch((error) => body.stop(error));
  });
}

/** What is there of a body, until it is complete or given up. */
class ArrivingBody {
  readonly #limit: number;
  readonly #share: BodyShare;
  readonly #reject: (reason: unknown) => void;
  #bytes: GrowingBuffer | undefined = new GrowingBuffer();

  constructor(limit: number, share: BodyShare, reject: (reason: unknown) => void) {
    this.#limit = limit;
    this.#share = share;
    this.#reject = reject;
    share.onGiveWay = () => this.stop(OVERLOADED);
  }

  announce(contentLength: string | null | undefined): void {
    if (Number(contentLength) > this.#limit) this.stop(bodyTooLarge(this.#limit));
  }

  /** @returns whether more is welcome. */
  add(chunk: Uint8Array): boolean {
    const bytes = this.#bytes;
    if (bytes === undefined) return false;
    if (bytes.size + chunk.length > this.#limit) this.stop(bodyTooLarge(this.#limit));
    else if (this.#share.take(chunk.length)) bytes.append(chunk);
    else this.stop(OVERLOADED);
    return this.#bytes !== undefined;
  }

  end(resolve: (bytes: Buffer) => void): void {
    if (this.#bytes === undefined) return;
    this.#share.complete();
    resolve(this.#bytes.bytes());
    this.#bytes = undefined;
  }

  stop(reason: unknown): void {
    if (this.#bytes === undefined) return;
    this.#bytes = undefined;
    this.#share.release();
    this.#reject(reason);
  }
}

function bodyTooLarge(limit: number) {
  return requestError(
    'BODY_TOO_LARGE',
    413,
    `The request body is larger than ${limit} bytes, which is all that this gateway takes. Send less at once.`,
  );
}

const OVERLOADED = requestError(
  'OVERLOADED',
  503,
  'The gateway has no room for this request body next to those of other requests. Nothing was carried out: send it again in a moment.',
  { 'retry-after': '1' },
);

const CUT_OFF = requestError(
  'BAD_REQUEST',
  400,
  'The connection broke before the request body was complete.',
);
