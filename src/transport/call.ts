import type { Fence } from '../state/port.ts';
import type { Progress } from './progress.ts';
import type { Signal } from './signal.ts';

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
  /** The API key, sent as the `token` header and never shown. */
  readonly key: string;
  /** Stands for the key wherever something is kept by key: its hash. */
  readonly account: string;
  /** Stands for who asked the gateway: callers with one key take turns. */
  readonly caller: string;
  /** Requests in any sliding second for this caller alone; undefined: as many as for the key. */
  readonly callerRate?: number | undefined;
  /** When the operation began, in ms on the transport's clock: where connections are scarce, the oldest goes first. */
  readonly startedAt?: number | undefined;
  /** What its reads may show, known once for the operation; undefined: each call asks for itself. */
  readonly fence?: Fence | undefined;
}

/** What an endpoint is asked, by whom. */
export interface Asked {
  readonly origin: Origin;
  readonly params: Readonly<Record<string, string>>;
  readonly payload: object | undefined;
}

/** One request to the REST API, on its way down. Nobody writes into it: a step that knows more hands on another one. */
export interface Call<T> extends About, Asked {
  readonly method: 'GET' | 'POST';
  /** Path and query, already encoded, such as `/scripts/abc/sessions/filter?limit=51`. */
  readonly path: string;
  /** JSON text; undefined sends no body. */
  readonly body: string | undefined;
  /** What a read shows: one name for all the reads that a write can touch together, such as all pages of a list. */
  readonly resource: string;
  /** A wider name for what it shows, for writes that cannot tell which part of it they touch; undefined: there are none. */
  readonly widerResource: string | undefined;
  /** The resources that a write changes. */
  readonly invalidates: readonly string[];
  /** When everything about the call must be over, waiting and body included, in ms on the transport's clock. */
  readonly deadline: number;
  /** How long the request itself may take, in ms. */
  readonly timeoutMs: number;
  /** Whether the API waits for somebody else before it answers: then the call is never repeated, and others go on meanwhile. */
  readonly waitsForOthers: boolean;
  /** Aborted when the client has left. A read ends with it wherever it is; a write only while it waits for its turn. */
  readonly signal: Signal | undefined;
  /** Reads the answer or throws the refusal that it holds. Must not depend on anything but its arguments. */
  readonly decode: (reply: Reply, asked: Asked) => T;
  /** Names a read from when it began: who asks for what, since which write. Reads of one key may share one answer. */
  readonly key: string;
  /** Whether a write to the resource may be carried out yet: then nothing that is read is worth keeping. */
  readonly isInDoubt: boolean;
  /** Other processes may have written without this one's knowing: the number of the loss; 0: none has. */
  readonly loss: number;
  /** Nobody waits for the answer, it is to renew a cache entry: the call gives way to all others. */
  readonly revalidation: Revalidation | undefined;
}

/** Of several calls that renew cache entries, the one that has the most of this goes first. */
export interface Revalidation {
  /** The ages of the entry each time it was served meanwhile, summed up in ms. */
  readonly servedAgeMs: number;
  /** Whether it is a poll, which no copy in the cache can answer. Polls have a rate of their own, and leave none of it unused. */
  readonly isPoll?: boolean;
}

export interface Answer<T> {
  readonly value: T;
  /** Size of the body in bytes, roughly what keeping the value costs. */
  readonly bytes: number;
  /** When the request was written, on the transport's clock: what the answer shows is no older. */
  readonly sentAt: number;
  readonly source: Source;
  /** How old it was when it was served from the cache; 0 for what a call has brought. */
  readonly ageMs: number;
}

/** Where an answer came from: its own call, another one's, or the cache. */
export type Source = 'call' | 'shared' | 'fresh' | 'stale';

/**
 * How any call travels. Every step of the way (cache, retries, the request itself) has this one shape: it takes the call,
 * and whom to tell how it goes on.
 */
export type Send = <T>(call: Call<T>, progress: Progress) => Promise<Answer<T>>;

/** A step: takes the next one and gives another. */
export type Interceptor = (next: Send) => Send;
