import { setMaxListeners } from 'node:events';
import type { PlaceOf } from './callers/client-place.ts';
import type { Grant } from './callers/grant.ts';
import type { Identity } from './callers/identify.ts';
import { hasLists, limitAccess } from './callers/resource-access.ts';
import type { UserTable } from './callers/user-table.ts';
import type { ClientRequest } from './client-request.ts';
import type { Api, Timeouts } from './luaauth/api.ts';
import type { WriteBegun, WriteEnd } from './observability/request-record.ts';
import type { Origin } from './transport/call.ts';
import type { Transport } from './transport/transport.ts';
import { Usage } from './transport/usage.ts';

export interface Live {
  /** Tells that sessions of an account were ended through the gateway. Scripts that have these sessions are polled at once. */
  disconnected(account: string, sessionIds: readonly string[]): void;
  /** Follows all sessions of a script. Shares the polls of subscriptions, and counts in none of their limits. */
  follow(origin: Origin, scriptId: string): AsyncIterableIterator<FollowedEvent, undefined>;
  endAll(): void;
}

interface FollowedEvent {
  readonly type: 'SessionsSnapshot' | 'SessionsChange' | 'SessionsDelay';
  readonly sessions?: readonly unknown[];
  readonly appeared?: readonly unknown[];
  readonly disappeared?: readonly unknown[];
}

/** The connected users of one script during the last day, period by period. */
export interface OnlineDay {
  readonly from: Date;
  readonly periodMs: number;
  readonly sessions: readonly (number | null)[];
}

export interface Online {
  /** Undefined if the script is not sampled, or belongs to another account. */
  historyOf(account: string, scriptId: string): OnlineDay | undefined;
  end(): void;
}

/** The part of a request that a resolver sees. */
export interface Context {
  readonly caller: Caller;
  readonly cost: number;
  /** The operation's loaders, by their names. Only the context refers to them, so they are freed with the operation. */
  loaders: Record<string, object | undefined>;
  /** Undefined if the gateway has no feature `live`. */
  readonly live: Live | undefined;
  /** Undefined if the gateway samples no script. */
  readonly online: Online | undefined;
  /** Undefined if there is no table, or if callers send their own LuaAuth keys. */
  readonly users: UserTable | undefined;
  /** Call it when a write begins, and its result as soon as the write has ended. */
  readonly writing: (write: WriteBegun) => (end: WriteEnd) => void;
}

/** The caller of an operation. Makes the API for the first field that needs it, so that other fields work without a key. */
interface Caller {
  /** REST calls, cache hits and bytes of the operation so far. */
  readonly usage: Readonly<Usage>;
  /** Undefined for a request whose credential was refused. */
  readonly grant: Grant | undefined;
  /** @throws UNAUTHENTICATED if the request has no usable credential. */
  readonly api: Api;
}

export interface ContextOptions {
  readonly transport: Pick<
    Transport,
    'ask' | 'clock' | 'isKnown' | 'pageSizes' | 'rateLimit' | 'state' | 'status' | 'trust'
  >;
  readonly timeouts: Timeouts;
  readonly live: Live | undefined;
  readonly online: Online | undefined;
  readonly users: UserTable | undefined;
  readonly placeOf: PlaceOf;
  /** The time limit of a whole operation. */
  readonly operationTimeoutMs: number;
  /** The most bytes that the REST calls of an operation may receive together. */
  readonly maxReceivedBytes: number;
}

export interface Beginning {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly cost: number;
  /** Whether the operation's usage names the source of each call. */
  readonly keepsSources: boolean;
  readonly writing: Context['writing'];
}

export function createContext(options: ContextOptions) {
  const { transport, timeouts, live, online, users, operationTimeoutMs, maxReceivedBytes, placeOf } = options;
  const { ask, clock, isKnown, pageSizes, rateLimit, status } = transport;
  const { generations } = transport.state;

  class LazyCaller implements Caller {
    readonly usage: Usage;
    readonly grant: Grant | undefined;
    readonly #startedAt = clock.now();
    readonly #beginning: Beginning;
    #api: Api | undefined;

    constructor(beginning: Beginning) {
      this.#beginning = beginning;
      this.usage = new Usage(maxReceivedBytes, beginning.keepsSources);
      this.grant = beginning.identity.grant;
    }

    get api(): Api {
      if (this.#api) return this.#api;
      const { request, identity } = this.#beginning;
      if (identity.refusal) throw identity.refusal;
      const { signal } = request;
      const { grant } = identity;
      // Copies each member: adding to a spread is ten times slower.
      const { key, account, caller, callerRate } = identity.origin;
      const snapshot = generations.snapshot(account);
      const place = isKnown(account) ? undefined : placeOf(request);
      const origin: Origin = { key, account, caller, place, callerRate, snapshot };
      // Every call of the operation adds a listener. More than ten are not a leak.
      if (signal instanceof EventTarget) setMaxListeners(0, signal);
      const api: Api = {
        ask,
        clock,
        origin,
        usage: this.usage,
        signal,
        timeouts,
        deadline: this.#startedAt + operationTimeoutMs,
        pageSizes,
        rateLimit,
        status,
      };
      this.#api = hasLists(grant) ? { ...api, ask: limitAccess(api, grant) } : api;
      return this.#api;
    }
  }

  return (beginning: Beginning): Context => ({
    cost: beginning.cost,
    writing: beginning.writing,
    live,
    online,
    users,
    caller: new LazyCaller(beginning),
    // Not an array, which would reserve room for 17 loaders.
    loaders: {},
  });
}
