import { setMaxListeners } from 'node:events';
import type { Grant } from './callers/grant.ts';
import type { Identity } from './callers/identify.ts';
import { hasLists, limitReach } from './callers/reach.ts';
import type { Live } from './live/live.ts';
import type { Api, Timeouts } from './luaauth/api.ts';
import type { ClientRequest, WriteBegun, WriteEnd } from './observability/request-record.ts';
import type { Origin } from './transport/call.ts';
import { Usage } from './transport/observer.ts';
import type { Transport } from './transport/transport.ts';

/** What a resolver sees of a request. */
export interface Context {
  readonly caller: Caller;
  /** What the operation may cost at most, in REST calls. */
  readonly cost: number;
  /** The operation's loaders, by the number of each. They end with the operation: nothing else refers to them. */
  readonly loaders: object[];
  /** Who is connected, as it changes. */
  readonly live: Live;
  /** To be told of each write when it begins, and by what that gives, as soon as it has ended. */
  readonly writing: (write: WriteBegun) => (end: WriteEnd) => void;
}

/** Who asks. The API is made when the first field needs it, so that fields that need none work without a key. */
export interface Caller {
  /** How the operation's reads came about so far. */
  readonly usage: Readonly<Usage>;
  /** What they may do; undefined: they cannot even ask. */
  readonly grant: Grant | undefined;
  /** @throws UNAUTHENTICATED when the request carries no usable credential. */
  readonly api: Api;
}

export interface ContextOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'rateLimit' | 'state'>;
  readonly timeouts: Timeouts;
  readonly live: Live;
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs?: number | undefined;
}

/** What is known of an operation before it runs. */
export interface Beginning {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly cost: number;
  readonly writing: Context['writing'];
}

export function createContext(options: ContextOptions) {
  const { transport, timeouts, live, operationTimeoutMs = 30_000 } = options;
  const { ask, clock, rateLimit, state } = transport;
  const { pageSizes, generations } = state;
  const open = ({ request: { signal }, identity }: Beginning, usage: Usage, startedAt: number): Api => {
    if (identity.refusal) throw identity.refusal;
    const { grant } = identity;
    const fence = generations.fence(identity.origin.account);
    // Member by member: a spread that is added to is an order slower.
    const { key, account, caller, callerRate } = identity.origin;
    const origin: Origin = { key, account, caller, callerRate, startedAt, fence };
    // Every call of the operation listens: more than ten are no leak.
    if (signal instanceof EventTarget) setMaxListeners(0, signal);
    const api: Api = {
      ask,
      clock,
      origin,
      usage,
      signal,
      timeouts,
      deadline: startedAt + operationTimeoutMs,
      pageSizes,
      rateLimit: () => rateLimit(origin.account),
    };
    return hasLists(grant) ? { ...api, ask: limitReach(api, grant) } : api;
  };
  return (beginning: Beginning): Context => ({
    cost: beginning.cost,
    writing: beginning.writing,
    live,
    caller: new LazyCaller(beginning, clock.now(), open),
    loaders: [],
  });
}

type OpenApi = (beginning: Beginning, usage: Usage, startedAt: number) => Api;

class LazyCaller implements Caller {
  readonly usage = new Usage();
  readonly #beginning: Beginning;
  readonly #startedAt: number;
  readonly #open: OpenApi;
  #api: Api | undefined;

  constructor(beginning: Beginning, startedAt: number, open: OpenApi) {
    this.#beginning = beginning;
    this.#startedAt = startedAt;
    this.#open = open;
  }

  get grant(): Grant | undefined {
    return this.#beginning.identity.grant;
  }

  get api(): Api {
    this.#api ??= this.#open(this.#beginning, this.usage, this.#startedAt);
    return this.#api;
  }
}
