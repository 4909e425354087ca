import { setMaxListeners } from 'node:events';
import type { GraphQLError } from 'graphql';
import type { PlaceOf } from './callers/client-place.ts';
import type { Acceptance, Identity } from './callers/identify.ts';
import { KeyTrial } from './callers/key-trial.ts';
import type { Permissions } from './callers/permissions.ts';
import { createOwners, hasLists, limitAccess } from './callers/resource-access.ts';
import type { Api, Timeouts } from './luaauth/api.ts';
import type { ClientRequest, WriteBegun, WriteEnd } from './observability/request-record.ts';
import type { Origin } from './transport/call.ts';
import { Usage } from './transport/observer.ts';
import type { Transport } from './transport/transport.ts';

/** Connected sessions, as they change. */
export interface Live {
  /** Sessions of an account were ended through the gateway: a script that has them is polled at once. */
  disconnected(account: string, sessionIds: readonly string[]): void;
  /** Ends every stream, once what is pending has been taken. */
  endAll(): void;
}

/** The part of a request that a resolver sees. */
export interface Context {
  readonly caller: Caller;
  /** The most that the operation may cost, in REST calls. */
  readonly cost: number;
  /** The operation's loaders, by the number of each. They end with the operation: nothing else refers to them. */
  readonly loaders: object[];
  /** The live data, where the gateway has the feature live. */
  readonly live: Live | undefined;
  /** To be called with each write when it begins; what that gives, as soon as it has ended. */
  readonly writing: (write: WriteBegun) => (end: WriteEnd) => void;
}

/** The caller of an operation. The API is made when the first field needs it, so that fields that need none work without a key. */
interface Caller {
  /** How the operation's reads came about so far. */
  readonly usage: Readonly<Usage>;
  /** The caller's permissions; undefined: they cannot even ask. */
  readonly permissions: Permissions | undefined;
  /** Why the operation is over, if it is because its key is taken for a made-up one; undefined: the key was accepted before. */
  readonly keyRefused: Promise<GraphQLError> | undefined;
  /** @throws UNAUTHENTICATED when the request carries no usable credential. */
  readonly api: Api;
}

export interface ContextOptions {
  readonly transport: Pick<
    Transport,
    'ask' | 'clock' | 'isKnown' | 'limitsUnknown' | 'rateLimit' | 'state' | 'status'
  >;
  readonly timeouts: Timeouts;
  readonly live: Live | undefined;
  readonly wasAccepted: Acceptance['wasAccepted'];
  readonly placeOf: PlaceOf;
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs: number;
  /** Bytes that the REST calls of an operation may bring in all. */
  readonly maxReceivedBytes: number;
}

/** The facts of an operation before it runs. */
export interface Beginning {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly cost: number;
  readonly writing: Context['writing'];
}

export function createContext(options: ContextOptions) {
  const { transport, timeouts, live, operationTimeoutMs, maxReceivedBytes, wasAccepted, placeOf } = options;
  const { ask, clock, isKnown, limitsUnknown, rateLimit, state, status } = transport;
  const { pageSizes, generations } = state;
  const owners = createOwners();

  class LazyCaller implements Caller {
    readonly usage = new Usage(maxReceivedBytes);
    readonly permissions: Permissions | undefined;
    readonly keyRefused: Promise<GraphQLError> | undefined;
    readonly #startedAt = clock.now();
    readonly #beginning: Beginning;
    readonly #trial: KeyTrial | undefined;
    #api: Api | undefined;

    constructor(beginning: Beginning) {
      const { request, identity } = beginning;
      const isTried = limitsUnknown && !identity.refusal && !wasAccepted(request);
      this.#beginning = beginning;
      this.#trial = isTried ? new KeyTrial(() => isKnown(identity.origin.account)) : undefined;
      this.permissions = identity.permissions;
      this.keyRefused = this.#trial?.refused;
    }

    get api(): Api {
      if (this.#api) return this.#api;
      const { request, identity } = this.#beginning;
      if (identity.refusal) throw identity.refusal;
      const { signal } = request;
      const { permissions } = identity;
      // Member by member: a spread that is added to is an order slower.
      const { key, account, caller, callerRate } = identity.origin;
      const startedAt = this.#startedAt;
      const snapshot = generations.snapshot(account);
      const place = this.#trial && placeOf(request);
      const origin: Origin = { key, account, caller, place, callerRate, startedAt, snapshot };
      // Every call of the operation listens: more than ten are no leak.
      if (signal instanceof EventTarget) setMaxListeners(0, signal);
      const api: Api = {
        ask: this.#trial ? this.#trial.limit(ask) : ask,
        clock,
        origin,
        usage: this.usage,
        signal,
        timeouts,
        deadline: startedAt + operationTimeoutMs,
        pageSizes,
        trial: this.#trial,
        rateLimit: () => rateLimit(account),
        status: () => status(account),
      };
      this.#api = hasLists(permissions) ? { ...api, ask: limitAccess(api, permissions, owners) } : api;
      return this.#api;
    }
  }

  return (beginning: Beginning): Context => ({
    cost: beginning.cost,
    writing: beginning.writing,
    live,
    caller: new LazyCaller(beginning),
    loaders: [],
  });
}
