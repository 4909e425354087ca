import { Pool } from 'undici';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';

/** The parts of an answer that the harness looks at. */
export interface GraphAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
  readonly extensions?: {
    readonly upstream?: {
      readonly stale?: number;
      readonly oldestMs?: number;
      readonly coordination?: 'lost';
    };
  };
}

/** Sends operations over connections of its own, one at a time on each (no pipelining), all kept alive. */
export interface Client {
  /** `body` is the JSON of an operation. @throws when there is no answer, or none in JSON. */
  send(body: string): Promise<GraphAnswer>;
  close(): Promise<void>;
}

const HEADERS = ['content-type', 'application/json', 'token', sandboxKeys.full];
/** The gateway gives an operation 30 s; a client that waits longer sees its answer. */
const PATIENCE_MS = 40_000;
const EMPTY_OPERATION = JSON.stringify({ query: '{ __typename }' });

/** Opens all its connections, so that connecting is no part of what is measured. */
export async function openClient(url: string, connections: number): Promise<Client> {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    connectTimeout: PATIENCE_MS,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    keepAliveTimeout: PATIENCE_MS,
  });
  const send = (body: string) => post(pool, body);
  await Promise.all(Array.from({ length: connections }, () => send(EMPTY_OPERATION)));
  return { send, close: () => pool.destroy() };
}

/** A dispatch handler of its own costs the harness a fifth less than `pool.request`. */
function post(pool: Pool, body: string): Promise<GraphAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    pool.dispatch(
      { path: '/graphql', method: 'POST', headers: HEADERS, body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            reject(error);
          }
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });
}
