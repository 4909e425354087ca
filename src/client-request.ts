import type { Socket } from 'node:net';
import type { Signal } from './base/signal.ts';

/** A request of a client, whatever way it came in. */
export interface ClientRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Aborted when the client leaves before its answer is complete. */
  readonly signal: Signal;
  readonly credentials: SentCredentials;
  /** The client's address; empty if unknown. */
  readonly address: string;
  /** Undefined if unknown. */
  readonly socket?: Socket | undefined;
  /** Returns a header by its name in lower case. */
  header(name: string): string | null;
}

/** The headers in which a client can send a key. They are never shown. */
interface SentCredentials {
  readonly token: string | undefined;
  /** The value of `Authorization` without the word Bearer. */
  readonly bearer: string | undefined;
}

/** Other code must not read these headers, because the log hides only what is read here. */
export function credentialsIn(token: string | null, authorization: string | null): SentCredentials {
  return { token: token ?? undefined, bearer: authorization?.replace(/^Bearer(?: +|$)/i, '') };
}
