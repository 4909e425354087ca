import type { IncomingMessage } from 'node:http';
import { codedError, malformedRequest, requestError } from '../errors/coded-error.ts';
import { GrowingBuffer } from '../transport/body.ts';
import type { BodyLease } from './body-budget.ts';

/** The value of a body, and about how many bytes of memory it keeps. */
export interface BodyReader<Read> {
  readonly read: (bytes: Uint8Array) => Read;
  readonly weigh: (read: Read) => number;
}

/**
 * Gives the reader's result for the body of a node:http request, at most `limit` bytes of it. Something in front of the gateway
 * may have read it: then it is what that has left in `request.body`. The text is let go as soon as it is read: from then on
 * the lease is for what the operation keeps of it, until it is released, which this does itself where there is no
 * operation. Counting here costs next to nothing; through a web stream it would halve the throughput.
 * @throws BODY_TOO_LARGE as soon as that is certain, by its content-length before anything is read; OVERLOADED;
 * INTERNAL_SERVER_ERROR for one that was read and is nowhere; what the reader throws
 */
export function readNodeBody<Read>(
  request: IncomingMessage,
  limit: number,
  lease: BodyLease,
  reader: BodyReader<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = new ArrivingBody(limit, lease, reader, resolve, reject);
    if (Number(request.headers['content-length']) > limit) body.stop(bodyTooLarge(limit));
    if (wasRead(request)) {
      try {
        if (body.add(bytesOfParsed(request))) body.end();
      } catch (error) {
        body.stop(error);
      }
      return;
    }
    // Its connection broke while something in front of the gateway waited; no event says so again.
    if (request.destroyed) return body.stop(CUT_OFF);
    // The rest after a refusal is read and thrown away, so that the client gets to the answer.
    request.on('data', (chunk: Buffer) => body.add(chunk));
    request.on('end', () => body.end());
    const onCut = () => body.stop(CUT_OFF);
    request.on('error', onCut);
    // A request may be destroyed without an error.
    request.on('close', onCut);
  });
}

/** The same of a web request, for gateways that are embedded as a fetch handler. @throws as `readNodeBody` does. */
export function readWebBody<Read>(
  request: Request,
  limit: number,
  lease: BodyLease,
  reader: BodyReader<Read>,
): Promise<Read> {
  return new Promise((resolve, reject) => {
    const body = new ArrivingBody(limit, lease, reader, resolve, reject);
    if (Number(request.headers.get('content-length')) > limit) body.stop(bodyTooLarge(limit));
    if (request.bodyUsed) return body.stop(BODY_WAS_READ);
    const read = async () => {
      for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
        if (!body.add(chunk)) return;
      }
      body.end();
    };
    read().catch((error) => body.stop(error));
  });
}

/** The part of a body that is there, until it is complete or given up. */
class ArrivingBody<Read> {
  readonly #limit: number;
  readonly #lease: BodyLease;
  readonly #reader: BodyReader<Read>;
  readonly #resolve: (read: Read) => void;
  readonly #reject: (reason: unknown) => void;
  #bytes: GrowingBuffer | undefined = new GrowingBuffer();

  constructor(
    limit: number,
    lease: BodyLease,
    reader: BodyReader<Read>,
    resolve: (read: Read) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#limit = limit;
    this.#lease = lease;
    this.#reader = reader;
    this.#resolve = resolve;
    this.#reject = reject;
    lease.onEvict = () => this.stop(OVERLOADED);
  }

  /** @returns whether more is welcome. */
  add(chunk: Uint8Array): boolean {
    const bytes = this.#bytes;
    if (bytes === undefined) return false;
    if (bytes.size + chunk.length > this.#limit) this.stop(bodyTooLarge(this.#limit));
    else if (this.#lease.take(chunk.length)) bytes.append(chunk);
    else this.stop(OVERLOADED);
    return this.#bytes !== undefined;
  }

  end(): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    try {
      // Not by way of a promise, which would hold the bytes as long as its request is there.
      const read = this.#reader.read(bytes.bytes());
      if (!this.#lease.hold(this.#reader.weigh(read))) throw OVERLOADED;
      this.#bytes = undefined;
      this.#resolve(read);
    } catch (error) {
      this.stop(error);
    }
  }

  stop(reason: unknown): void {
    if (this.#bytes === undefined) return;
    this.#bytes = undefined;
    this.#lease.release();
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

/** Whether something has begun to read a request, or has read it. */
export function wasRead({ readableDidRead, readableEnded }: IncomingMessage): boolean {
  return readableDidRead || readableEnded;
}

/**
 * The bytes of a body that something in front of the gateway, such as `express.json()`, has read and left in `request.body`:
 * as a text, as bytes, or parsed. A parsed one is written as JSON again, so that it is counted and checked as any other.
 * @throws INTERNAL_SERVER_ERROR that says what to do, when it is not there; BAD_REQUEST when it has lost digits
 */
function bytesOfParsed(request: IncomingMessage): Uint8Array {
  const { body } = request as { readonly body?: unknown };
  if (body instanceof Uint8Array) return body;
  const text = typeof body === 'string' ? body : writeParsed(body);
  if (text === undefined) throw BODY_WAS_READ;
  return Buffer.from(text);
}

function writeParsed(body: unknown): string | undefined {
  try {
    return JSON.stringify(body, keepDigits);
  } catch (error) {
    if (error === LOST_DIGITS) throw error;
    // As deep as only a client nests it.
    throw error instanceof RangeError ? TOO_DEEP : BODY_WAS_READ;
  }
}

/** An integer past 2^53 may have been another one before it was parsed. */
function keepDigits(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) throw LOST_DIGITS;
  return value;
}

const BODY_WAS_READ = codedError(
  'INTERNAL_SERVER_ERROR',
  'Something in front of the gateway has read the body of this request and not left it in req.body. Put the gateway before the body parser; or leave the text, the bytes or the parsed JSON in the body of the node:http request (with Fastify: request.raw.body = request.body); or give gateway.fetch a request whose body nobody has read.',
  { http: { status: 500 } },
);

const LOST_DIGITS = malformedRequest(
  'The body holds an integer past 2^53, which the body parser in front of the gateway cannot keep exactly. Send it as a string where the field takes one, or put the gateway before the body parser.',
);

const TOO_DEEP = malformedRequest('The body is nested too deep. Nest it less.');
