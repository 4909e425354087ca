import type { IncomingMessage } from 'node:http';
import { requestError } from '../errors.ts';

/** Scripts travel in the body, as variables. */
export const DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024;

const BODY = Symbol('body');

interface Read {
  [BODY]?: Promise<Buffer>;
}

/** Whether the body is being read by `readNodeBody` already, which may be asked again. */
export function isBeingRead(request: IncomingMessage): boolean {
  return (request as Read)[BODY] !== undefined;
}

/**
 * The body of a node:http request, at most `limit` bytes of it. Counting here costs next to nothing; through a web
 * stream it would halve the throughput.
 * @throws BODY_TOO_LARGE as soon as that is certain: by its content-length before anything is read.
 */
export function readNodeBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const holder = request as Read;
  holder[BODY] ??= collect(request, limit);
  return holder[BODY];
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const refuse = () => {
      chunks = [];
      reject(bodyTooLarge(limit));
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // What comes after a refusal is read and thrown away, so that the client gets to the answer.
      if (size > limit) refuse();
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', () => reject(cutOff()));
    if (Number(request.headers['content-length']) > limit) {
      size = limit;
      refuse();
    }
  });
}

/** The body of a web request, for gateways that are embedded as a fetch handler. @throws as `readNodeBody` does. */
export async function readWebBody(request: Request, limit: number): Promise<Buffer> {
  if (Number(request.headers.get('content-length')) > limit) throw bodyTooLarge(limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw bodyTooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
