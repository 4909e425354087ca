/** What came back over HTTP, before anyone looked at what it says. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The decoded body: strict UTF-8, decompressed. */
  readonly text: string;
}

/** The facts of a call that an error may carry: the route template, never the expanded path, a header, a key or a body. */
export interface About {
  /** Such as `GET /scripts/:script_id`. */
  readonly endpoint: string;
  /** A read changes nothing and may be repeated; a write may not, unless it is certain that it was not executed. */
  readonly kind: 'read' | 'write';
}

/** One request to the REST API, on its way down. */
export interface Call<T> extends About {
  readonly method: 'GET' | 'POST';
  /** Path and query, already encoded, such as `/scripts/abc/sessions/filter?limit=51`. */
  readonly path: string;
  /** JSON text; undefined sends no body. */
  readonly body: string | undefined;
  /** The API key, sent as the `token` header and never shown. */
  readonly key: string;
  /** When everything about the call must be over, body included, in ms on the transport's clock. */
  readonly deadline: number;
  /** Aborted when the last one who waits for the answer has left. Writes carry none: they are never cut half-way. */
  readonly signal: AbortSignal | undefined;
  /** Reads the answer or throws the refusal that it holds. Must not depend on anything but its argument. */
  readonly interpret: (reply: Reply) => T;
}

/**
 * How any call travels. Every step of the way (deadline, sharing, pacing, retries, the exchange itself) has this one
 * shape, so steps compose: a step takes the next one and returns another.
 */
export type Send = <T>(call: Call<T>) => Promise<T>;
