import type { Snapshot } from '../state/port.ts';
import type { AnswerWatch } from './answer-watch.ts';

/** The response over HTTP, before anyone has read it. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn, as they came. */
  readonly headers: readonly Buffer[];
  /** The decoded body: strict UTF-8, decompressed. */
  readonly text: string;
}

/** The value of a header, by its name in lower case: all of its values, if it stands there several times. */
export function headerIn(headers: Reply['headers'], name: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const given = headers[index] as Buffer;
    if (given.length !== name.length || given.toString('latin1').toLowerCase() !== name) continue;
    const value = String(headers[index + 1]).trim();
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** The facts of a call that an error may carry: the route template, never the expanded path, a header, a key or a body. */
export interface About {
  /** Such as `GET /scripts/:script_id`. */
  readonly endpoint: string;
  /** A read changes nothing and may be repeated; a write may not, unless it is certain that it was not executed. */
  readonly kind: 'read' | 'write';
}

/** The operation that asks: one object for each, so that operations can take turns. */
export interface Origin {
  /** The API key, sent as the `token` header and never shown. */
  readonly key: string;
  /** Stands for the key wherever something is kept by key: its hash. */
  readonly account: string;
  /** Stands for who asked the gateway: callers with one key take turns. */
  readonly caller: string;
  /** Stands for the client of a key that the API has not accepted yet, because such clients take turns; undefined: it is not known. */
  readonly place?: string | undefined;
  /** Requests in any sliding second for this caller alone; undefined: as many as for the key. */
  readonly callerRate?: number | undefined;
  /** When the operation began, in ms on the transport's clock: where connections are scarce, the oldest goes first. */
  readonly startedAt?: number | undefined;
  /** The generations that its reads may show, known once for the operation; undefined: each call asks for itself. */
  readonly snapshot?: Snapshot | undefined;
}

/** A question to an endpoint, and the operation that asks it. */
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
  /** Names of what a read is part of, or of what a write changes: a write makes old what has one of its names. */
  readonly resources: readonly string[];
  /** Which of the times of freshness holds for a read's answer. */
  readonly freshFor: string;
  /** When everything about the call must be over, waiting and body included, in ms on the transport's clock. */
  readonly deadline: number;
  /** How long the request itself may take, in ms. */
  readonly timeoutMs: number;
  /** Whether the API may take a minute to answer: other calls go on meanwhile. */
  readonly waitsForOthers: boolean;
  /** Whether there may be no second request, whatever came of the first. */
  readonly isSentOnce: boolean;
  /** Aborted when the client has left. A read ends with it wherever it is; a write only while it waits for its turn. */
  readonly signal: Signal | undefined;
  /** Reads the answer or throws the refusal that it holds. Must not depend on anything but its arguments. Tells `watch` of differences. */
  readonly decode: (reply: Reply, asked: Asked, watch?: AnswerWatch) => T;
  /** Names a read from when it began: who asks for what, since which write. Reads of one key may share one answer. */
  readonly key: string;
  /** Whether a write to the resource may be carried out yet: then nothing that is read is worth keeping. */
  readonly isInDoubt: boolean;
  /** The number of the partition in which other processes may have written; 0: there is none. */
  readonly partition: number;
  /** No cache entry will do, and no call of somebody else's: only a request of its own. The answer is cached for others. */
  readonly isUnshared: boolean;
  /** Stands for the call and those for the same that wait for its answer; undefined: there are none. */
  readonly inFlight: InFlight | undefined;
  /** Nobody waits for the answer, it is to renew a cache entry: the call gives way to all others. */
  readonly revalidation: Revalidation | undefined;
}

/** A call, as the scheduler sees it. */
export interface InFlight {
  /** Whether it waits behind many others of its caller: another caller had better wait for a turn of its own. */
  isFar: boolean;
  /** Whether others wait for the same in turns of their own. */
  readonly hasOthers: boolean;
  /** Its turn has come: it is the call of those others too. */
  begin(): void;
}

/** The call with the most of this goes first among those that renew cache entries. */
export interface Revalidation {
  /** The ages of the entry each time it was served meanwhile, summed up in ms: whole ones, as reading a fraction makes garbage. */
  readonly servedAgeMs: number;
  /** Whether it is a poll, which no cache entry can answer. Polls have a rate of their own, and leave none of it unused. */
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

/** Each request of an operation takes from it what arrives. */
export interface Allowance {
  /** In bytes, decoded. */
  bytesLeft: number;
}

/**
 * Receives how a call goes on: the second argument of every step. A step that needs to know passes one of its own that
 * hands on to the one it was given. A call makes one request or several (retries), or none. Its work must not
 * throw, and costs every call.
 */
export interface Progress {
  /** How much the operation may still receive; undefined: as much as comes. */
  readonly allowance: Allowance | undefined;
  /** It has to wait for what it needs. */
  queued?(): void;
  /** It has that, at once or after so many ms: a request begins. */
  dequeued(waitedMs: number): void;
  /** The request is about to be written. */
  sent(): void;
  /** The request is over, or will not be made although the call has waited; `failure` is undefined when it went well. */
  ended?(failure: unknown): void;
  /** A proxy has answered in the place of the API. `ray` is Cloudflare's name of the request. */
  proxied(ray: string): void;
  /** This process has lost the others: what it reads may be older than what they wrote, and they may not see its writes. */
  uncoordinated(): void;
}

/**
 * How any call travels. Every step of the way (cache, retries, the request itself) has this one shape: it takes the call,
 * and whom to tell how it goes on.
 */
export type Send = <T>(call: Call<T>, progress: Progress) => Promise<Answer<T>>;

/** A step: takes the next one and gives another. */
export type Interceptor = (next: Send) => Send;

/** The part of an AbortSignal that the transport needs. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: AbortListener): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** An object hears of an abort by its own method, which spares a function for each call. */
export interface AbortListener {
  handleEvent(): void;
}

/** A signal and what aborts it: one for each call and each request, so it is lighter than an AbortController. */
export class AbortSource implements Signal {
  /** Most have one listener. */
  #listener: AbortListener | undefined;
  #others: Set<AbortListener> | undefined;
  aborted = false;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    const listeners = [this.#listener, ...(this.#others ?? [])];
    this.#listener = undefined;
    this.#others = undefined;
    for (const listener of listeners) listener?.handleEvent();
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.aborted) return;
    if (this.#listener === undefined) {
      this.#listener = listener;
    } else {
      this.#others ??= new Set();
      this.#others.add(listener);
    }
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}
