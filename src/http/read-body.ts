import type { IncomingMessage } from 'node:http';
import { requestError } from '../errors/coded-error.ts';
import { GrowingBuffer } from '../transport/body.ts';

/** Scripts travel in the body, as variables. */
export const DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * The body of a node:http request, at most `limit` bytes of it. Counting here costs next to nothing; through a web
 * stream it would halve the throughput.
 * @throws BODY_TOO_LARGE as soon as that is certain: by its content-length before anything is read.
 */
export function readNodeBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let body: GrowingBuffer | undefined = new GrowingBuffer();
    const refuse = () => {
      body = undefined;
      reject(bodyTooLarge(limit));
    };
    request.on('data', (chunk: Buffer) => {
      // What comes after a refusal is read and thrown away, so that the client gets to the answer.
      if (body === undefined) return;
      if (body.size + chunk.length > limit) refuse();
      else body.append(chunk);
    });
    request.on('end', () => {
      if (body !== undefined) resolve(body.bytes());
    });
    request.on('error', () => reject(cutOff()));
    if (Number(request.headers['content-length']) > limit) refuse();
  });
}

/** The body of a web request, for gateways that are embedded as a fetch handler. @throws as `readNodeBody` does. */
export async function readWebBody(request: Request, limit: number): Promise<Buffer> {
  if (Number(request.headers.get('content-length')) > limit) throw bodyTooLarge(limit);
  const body = new GrowingBuffer();
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    if (body.size + chunk.length > limit) throw bodyTooLarge(limit);
    body.append(chunk);
  }
  return body.bytes();
}

function bodyTooLarge(limit: number) {
  return requestError(
    'BODY_TOO_LARGE',
    413,
    `The request body is larger than ${limit} bytes, which is all that this gateway takes. Send less at once.`,
  );
}

function cutOff() {
  return requestError('BAD_REQUEST', 400, 'The connection broke before the request body was complete.');
}
