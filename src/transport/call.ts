import type { Signal } from './signal.ts';
import type { Tally } from './tally.ts';

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

/** Who asks: one object for each operation, so that operations can take turns. */
export interface Origin {
  /** Tells the operations of one process apart. */
  readonly id: number;
  /** The API key, sent as the `token` header and never shown. */
  readonly key: string;
  /** Stands for the key wherever something is kept by key: its hash. */
  readonly account: string;
  readonly tally: Tally;
}

/** What an endpoint is asked, by whom. */
export interface Asked {
  readonly origin: Origin;
  readonly params: Readonly<Record<string, string>>;
  readonly payload: object | undefined;
}

/** One request to the REST API, on its way down. */
export interface Call<T> extends About, Asked {
  readonly method: 'GET' | 'POST';
  /** Path and query, already encoded, such as `/scripts/abc/sessions/filter?limit=51`. */
  readonly path: string;
  /** JSON text; undefined sends no body. */
  readonly body: string | undefined;
  /** What a read shows: one name for all the reads that a write can touch together, such as all pages of a list. */
  readonly resource: string;
  /** The resources that a write changes. */
  readonly touches: readonly string[];
  /** When everything about the call must be over, waiting and body included, in ms on the transport's clock. */
  readonly deadline: number;
  /** How long the exchange itself may take, in ms. */
  readonly timeoutMs: number;
  /** Aborted when the client has left. A read ends with it wherever it is; a write only while it waits for its turn. */
  readonly signal: Signal | undefined;
  /** Reads the answer or throws the refusal that it holds. Must not depend on anything but its arguments. */
  readonly interpret: (reply: Reply, asked: Asked) => T;
  /** Nobody waits for the answer: the call gives way to all others until somebody does. */
  readonly renewal: Renewal | undefined;
  /** Sent although the API was in trouble a moment ago, to see whether it still is. */
  readonly isProbe: boolean;
  /** Called when a read is answered by another one's call or by a copy. */
  readonly onServed: ((by: Served) => void) | undefined;
  /** Called when the call need not wait for its turn any longer. */
  readonly onTurn: (() => void) | undefined;
  /** Hears how the request goes on. Set by the step that paces it, each time anew. */
  course: Course | undefined;
}

/** What is to be told of a request while it is under way. */
export interface Course {
  /** It is about to be written. */
  sent(): void;
  /** Its answer begins. */
  answered(): void;
}

/** What a read can be answered by instead of its own call. */
export type Served = 'shared' | 'fresh' | 'stale';

/** The rank of a call that renews a copy in the background. */
export interface Renewal {
  /** Set when somebody begins to wait for the answer after all. */
  isWanted: boolean;
  /** Called then; set by the step in which the call waits for its turn. */
  onWanted: () => void;
  /** The ages of all copies that were served meanwhile, summed up in ms: the renewal that has the most goes first. */
  servedAgeMs: number;
}

export interface Answer<T> {
  readonly value: T;
  /** Size of the body in bytes, roughly what keeping the value costs. */
  readonly bytes: number;
  /** When the request was written, on the transport's clock: what the answer shows is no older. */
  readonly sentAt: number;
}

/**
 * How any call travels. Every step of the way (sharing, pacing, retries, the exchange itself) has this one shape, so
 * steps compose: a step takes the next one and returns another.
 */
export type Send = <T>(call: Call<T>) => Promise<Answer<T>>;

/** A call's whole way, as it looks to who makes the call. */
export type Ask = <T>(call: Call<T>) => Promise<T>;
