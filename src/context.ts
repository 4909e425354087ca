import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { unauthenticated } from './errors/coded-error.ts';
import type { Api, Timeouts } from './luaauth/api.ts';
import type { ClientRequest, SentCredentials } from './observability/request-record.ts';
import { Usage } from './transport/observer.ts';
import type { Transport } from './transport/transport.ts';

/** What a resolver sees of a request. */
export interface Context {
  readonly caller: Caller;
  /** What the operation may cost at most, in REST calls. */
  readonly cost: number;
  /** The operation's loaders, by the number of each. They end with the operation: nothing else refers to them. */
  readonly loaders: object[];
}

/** Who asks. The API is made when the first field needs it, so that fields that need none work without a key. */
export interface Caller {
  /** How the operation's reads came about so far. */
  readonly usage: Readonly<Usage>;
  /** @throws UNAUTHENTICATED when the request carries no usable credential. */
  readonly api: Api;
}

/** Where the API key comes from: the caller, or the gateway itself for callers who present one of its own keys. */
export interface Credentials {
  /** The API key that the gateway holds. */
  readonly heldKey?: string | undefined;
  /** What a caller of a gateway that holds its key must present; none: whoever can connect may call. */
  readonly gatewayKeys?: readonly string[] | undefined;
}

export interface ContextOptions {
  readonly transport: Pick<Transport, 'ask' | 'clock' | 'rateLimit' | 'state'>;
  readonly credentials: Credentials;
  readonly timeouts: Timeouts;
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs?: number | undefined;
}

export function createContext(options: ContextOptions) {
  const { transport, credentials, timeouts, operationTimeoutMs = 30_000 } = options;
  const { ask, clock, rateLimit, state } = transport;
  const { pageSizes } = state;
  const accountOf = createAccountNames();
  const findKey = credentials.heldKey === undefined ? callerKey : heldKey(credentials.heldKey, credentials);
  const open = (request: ClientRequest, usage: Usage, deadline: number): Api => {
    const key = findKey(request.credentials);
    // Every call of the operation listens: more than ten are no leak.
    const { signal } = request;
    if (signal instanceof EventTarget) setMaxListeners(0, signal);
    const account = accountOf(key);
    const origin = { key, account, caller: callerOf(request) };
    return {
      ask,
      clock,
      origin,
      usage,
      signal,
      timeouts,
      deadline,
      pageSizes,
      rateLimit: () => rateLimit(account),
    };
  };
  return (request: ClientRequest, cost: number): Context => ({
    cost,
    caller: new LazyCaller(request, clock.now() + operationTimeoutMs, open),
    loaders: [],
  });
}

/** Names keys by their hash. Most requests come with the same key as the one before. */
function createAccountNames(): (key: string) => string {
  let last = { key: '', account: '' };
  return (key) => {
    if (key !== last.key) last = { key, account: hash('sha256', key, 'base64url') };
    return last.account;
  };
}

/** Who asks, as far as it can be told: from where, and with what. */
function callerOf({ address, credentials: { token, bearer } }: ClientRequest): string {
  return `${address} ${token ?? ''} ${bearer ?? ''}`;
}

class LazyCaller implements Caller {
  readonly usage = new Usage();
  readonly #request: ClientRequest;
  readonly #deadline: number;
  readonly #open: (request: ClientRequest, usage: Usage, deadline: number) => Api;
  #api: Api | undefined;

  constructor(
    request: ClientRequest,
    deadline: number,
    open: (request: ClientRequest, usage: Usage, deadline: number) => Api,
  ) {
    this.#request = request;
    this.#deadline = deadline;
    this.#open = open;
  }

  get api(): Api {
    this.#api ??= this.#open(this.#request, this.usage, this.#deadline);
    return this.#api;
  }
}

// Whatever a header can carry and a key would plausibly hold: visible ASCII without spaces.
const KEY = /^[\x21-\x7e]{1,512}$/;

function callerKey({ token, bearer }: SentCredentials): string {
  if (token !== undefined && bearer !== undefined && token !== bearer) {
    throw unauthenticated(
      'The token and Authorization headers carry different API keys. Send the key in one of them.',
    );
  }
  const key = token ?? bearer;
  if (key === undefined) {
    throw unauthenticated(
      'This field needs a LuaAuth API key. Send it as the header "token: <API key>" or "Authorization: Bearer <API key>".',
    );
  }
  if (!KEY.test(key)) {
    throw unauthenticated(
      'The API key is malformed. A key is 1 to 512 visible ASCII characters without spaces; in the token header it has no prefix.',
    );
  }
  return key;
}

/** The caller's `token` header is not looked at: the gateway's own key is the only one that goes upstream. */
function heldKey(key: string, { gatewayKeys = [] }: Credentials): (sent: SentCredentials) => string {
  if (gatewayKeys.length === 0) return () => key;
  const accepted = gatewayKeys.map(digest);
  return ({ bearer = '' }) => {
    const given = digest(bearer);
    // Every key is compared, so that the time taken tells nothing about them.
    if (accepted.filter((one) => timingSafeEqual(one, given)).length === 0) {
      throw unauthenticated(
        'This gateway holds its own LuaAuth key. Present one of its gateway keys as "Authorization: Bearer <gateway key>".',
      );
    }
    return key;
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
