import type { Signal } from '../base/signal.ts';
import type { Snapshot } from '../state/port.ts';

export interface Reply {
  readonly status: number;
  /** Names and values in turn, as received. */
  readonly headers: readonly Buffer[];
  /** The body, strict UTF-8. */
  readonly text: string;
}

/** The value of a header, by its name in lower case. Repeated values are joined by commas. */
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

/** The facts of a call that an error may carry: never the expanded path, a header, a key or a body. */
export interface About {
  /** Such as `GET /scripts/:script_id`. */
  readonly endpoint: string;
  /** A read changes nothing and may be repeated. A write may be repeated only if it certainly was not executed. */
  readonly kind: 'read' | 'write';
}

/** The operation that makes calls: one object for each operation, so that operations can take turns. */
export interface Origin {
  /** The API key, sent as the `token` header and never shown. */
  readonly key: string;
  /** The hash of the key, which replaces the key wherever state is kept by key. */
  readonly account: string;
  /** Identifies the caller: callers with the same key take turns. */
  readonly caller: string;
  /** Clients of a key that the API has not accepted take turns by place. Undefined if it is not known. */
  readonly place?: string | undefined;
  /** Requests in any sliding second for this caller alone; undefined: the rate of the key. */
  readonly callerRate?: number | undefined;
  /** The generations that the operation's reads may show; undefined: each call looks them up. */
  readonly snapshot?: Snapshot | undefined;
}

/** A question to an endpoint, and the operation that asks it. */
export interface Asked {
  readonly origin: Origin;
  readonly params: Readonly<Record<string, string>>;
  readonly payload: object | undefined;
}

/** What holds for all calls of an endpoint. */
interface EndpointRules {
  readonly method: 'GET' | 'POST';
  /** The name of the freshness time for a read's answer. */
  readonly freshFor: string;
  /** Whether LuaAuth answers only after somebody else, for example the client of a session, which may take a minute. */
  readonly waitsForOthers: boolean;
  /** Whether there may be no second request, whatever the outcome of the first. */
  readonly isSentOnce: boolean;
}

/** One request to the REST API, on its way through the steps. A step never changes a call: it passes on a copy. */
export interface Call<T> extends About, Asked {
  readonly rules: EndpointRules;
  /** Path and query, already encoded, such as `/scripts/abc/sessions/filter?limit=51`. */
  readonly path: string;
  /** JSON text; undefined sends no body. */
  readonly body: string | undefined;
  /** Identifies a read: account, method, path and body. */
  readonly name: string;
  /** Names of the resources that a read shows or a write changes. A write makes reads of its resources old. */
  readonly resources: readonly string[];
  /** When everything about the call must be over, waiting and body included, in ms on the transport's clock. */
  readonly deadline: number;
  /** How long the request itself may take, in ms. */
  readonly timeoutMs: number;
  /** Aborted when the client has left. A read then ends at any stage, a write only while it waits for its turn. */
  readonly signal: Signal | undefined;
  /** Reads the answer, or throws the refusal in it. The result depends on the arguments only. */
  readonly decode: (reply: Reply, asked: Asked) => T;
  readonly notes: Notes;
}

/** What the steps, and polls, note on a call for the steps after them. */
export interface Notes {
  /** Counts the writes to the resources of a read. Reads of one name and generation may share one answer. */
  readonly generation: number | string;
  /** Whether Redis is lost, so that other processes may have written unnoticed. */
  readonly isLost: boolean;
  /** Whether an earlier request of the call has failed. */
  readonly isRetry: boolean;
  /** Called when the call has its permits and a connection. Equal calls that still wait may then share its answer. */
  readonly onTurn: (() => void) | undefined;
  /** How old an answer from the cache may be, in ms. Undefined: as old as the settings of the cache say. A poll sets it. */
  readonly maxAgeMs: number | undefined;
  /**
   * Set if no client waits for the answer, so that calls of clients go first: a revalidation renews a cache entry, and a poll
   * follows live data.
   */
  readonly background: 'poll' | 'revalidation' | undefined;
}

/** The notes of a call that begins. */
export const NO_NOTES: Notes = {
  generation: 0,
  isLost: false,
  isRetry: false,
  onTurn: undefined,
  maxAgeMs: undefined,
  background: undefined,
};

export interface Answer<T> {
  readonly value: T;
  /** Size of the body in bytes, roughly what keeping the value costs. */
  readonly bytes: number;
  /** When the request was written, on the transport's clock. The answer shows no older state. */
  readonly sentAt: number;
  readonly source: Source;
  /** Age when served from the cache, in ms; 0 for the answer of a call. */
  readonly ageMs: number;
}

export type Source = 'call' | 'shared' | 'fresh' | 'stale';

/**
 * Why a call was not answered from the cache. `miss`: no answer was kept. `expired`: the kept answer was too old. `written`: a write
 * has made the kept answer old. `bypass`: no earlier answer will do, as for a write.
 */
export type WhyAsked = 'miss' | 'expired' | 'written' | 'bypass';

/** Where the answer of a call came from, its own request or another call's counting as the API. */
export type CallSource =
  | { readonly endpoint: string; readonly from: 'cache' }
  | { readonly endpoint: string; readonly from: 'api'; readonly why: WhyAsked };

/** The bytes that an operation may still receive. Each request subtracts what arrives. */
export interface Allowance {
  /** In bytes, decoded. */
  bytesLeft: number;
}

/** Identifies what a read shows: its name and the generation of its resources. */
export function versionOf({ name, notes }: Call<unknown>): string {
  return `${notes.generation} ${name}`;
}
