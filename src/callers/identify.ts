import { hash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import { unauthenticated } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { type MaybePromise, whenKnown } from '../state/maybe-promise.ts';
import type { Origin } from '../transport/call.ts';
import { EVERYTHING, type Grant } from './grant.ts';
import { createKeyRing, entriesOfPlainKeys, type KeyRing } from './key-ring.ts';
import type { RefusedToken, TokenVerifier } from './token-verifier.ts';

/** Where the API key comes from: the caller, or the gateway itself for callers who present one of its own keys. */
export interface Credentials {
  /** The API key that the gateway holds. */
  readonly heldKey?: string | undefined;
  /**
   * What a caller of a gateway that holds its key must present, each alone or as `name=key`; they allow everything. None:
   * whoever can connect may call.
   */
  readonly gatewayKeys?: readonly string[] | undefined;
  /** Who knows the gateway keys, and what each allows, instead. */
  readonly keyRing?: KeyRing | undefined;
  /** Who knows the bearers of JSON Web Tokens, beside or instead. */
  readonly tokenVerifier?: TokenVerifier | undefined;
}

/** Who sends a request, and what they may do; or why nothing can be asked of the REST API for them. */
export type Identity =
  | { readonly origin: Origin; readonly grant: Grant; readonly refusal?: undefined }
  | { readonly refusal: GraphQLError; readonly grant?: undefined };

/** At once, but for a token that has to be verified. */
export type Identify = (request: ClientRequest) => MaybePromise<Identity>;

/** Whether whoever can connect may use the key that the gateway holds. */
export function isKeyForAll({ heldKey, gatewayKeys = [], keyRing, tokenVerifier }: Credentials): boolean {
  return heldKey !== undefined && gatewayKeys.length === 0 && !keyRing && !tokenVerifier;
}

export function createIdentify(credentials: Credentials): Identify {
  const { heldKey, gatewayKeys = [], keyRing, tokenVerifier } = credentials;
  if (heldKey === undefined) return identifyByApiKey();
  const account = hash('sha256', heldKey, 'base64url');
  if (isKeyForAll(credentials)) {
    return (request) => ({
      origin: { key: heldKey, account, caller: placeOf(request) },
      grant: EVERYTHING,
    });
  }
  const ring = keyRing ?? createKeyRing(entriesOfPlainKeys(gatewayKeys));
  const known = (found: Grant | RefusedToken): Identity =>
    'reason' in found
      ? refused(`This token ${found.reason}. Present another one as "Authorization: Bearer <token>".`)
      : {
          origin: { key: heldKey, account, caller: found.name ?? '', callerRate: found.rate },
          grant: found,
        };
  return ({ credentials: { bearer = '' } }) => {
    if (tokenVerifier && TOKEN.test(bearer)) return whenKnown(tokenVerifier.verify(bearer), known);
    const grant = ring.find(bearer);
    if (grant === 'unknown') return NO_GATEWAY_KEY;
    return grant === 'expired' ? EXPIRED : known(grant);
  };
}

function identifyByApiKey(): Identify {
  // Most requests come with the same key as the one before.
  let last = { key: '', account: '' };
  return (request) => {
    const { token, bearer } = request.credentials;
    const key = token ?? bearer;
    if (key === undefined) return NO_API_KEY;
    if (token !== undefined && bearer !== undefined && token !== bearer) return TWO_API_KEYS;
    if (!KEY.test(key)) return NO_KEY_AT_ALL;
    if (key !== last.key) last = { key, account: hash('sha256', key, 'base64url') };
    return { origin: { key, account: last.account, caller: placeOf(request) }, grant: EVERYTHING };
  };
}

/** Who asks, as far as it can be told without a gateway key: from where, and with what. */
function placeOf({ address, credentials: { token, bearer } }: ClientRequest): string {
  return `${address} ${token ?? ''} ${bearer ?? ''}`;
}

// Three parts of base64url, of which the first is a JSON object.
const TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;
// Whatever a header can carry and a key would plausibly hold: visible ASCII without spaces.
const KEY = /^[\x21-\x7e]{1,512}$/;

const refused = (message: string): Identity => ({ refusal: unauthenticated(message) });

const NO_API_KEY = refused(
  'This field needs a LuaAuth API key. Send it as the header "token: <API key>" or "Authorization: Bearer <API key>".',
);
const TWO_API_KEYS = refused(
  'The token and Authorization headers carry different API keys. Send the key in one of them.',
);
const NO_KEY_AT_ALL = refused(
  'The API key is malformed. A key is 1 to 512 visible ASCII characters without spaces; in the token header it has no prefix.',
);
/** The caller's `token` header is not looked at: the gateway's own key is the only one that goes upstream. */
const NO_GATEWAY_KEY = refused(
  'This gateway holds its own LuaAuth key. Present one of its gateway keys as "Authorization: Bearer <gateway key>".',
);
const EXPIRED = refused('This gateway key has expired. Ask whoever runs the gateway for a new one.');
