import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { type MaybePromise, whenKnown } from '../base/maybe-promise.ts';
import type { ClientRequest } from '../client-request.ts';
import { codedError } from '../errors/coded-error.ts';
import type { Origin } from '../transport/call.ts';
import { createKnownAccounts } from '../transport/known-accounts.ts';
import type { Transport } from '../transport/transport.ts';
import { EVERYTHING, type Grant } from './grant.ts';
import { createKeyRing, entriesOfPlainKeys, type FoundKey, type KeyRing } from './key-ring.ts';

/** Where the API key comes from: from the caller, or from the gateway if callers present a gateway key. */
export interface Credentials {
  /** The gateway's own API key. It is read for each request, so it may be replaced. */
  readonly heldKey?: string | undefined;
  /** As `key` or `name=key`. They allow everything. Without keys, every client that can connect may call. */
  readonly gatewayKeys?: readonly string[] | undefined;
  /** Replaces `gatewayKeys` by a store that knows what each key allows. */
  readonly keyRing?: KeyRing | undefined;
  /** Verifies JSON Web Tokens, besides or instead of keys. */
  readonly tokenVerifier?: TokenVerifier | undefined;
}

export interface TokenVerifier {
  /** Must answer within 10 seconds. An error, or a value that is no grant, refuses the caller. */
  verify(token: string): MaybePromise<Grant | RefusedToken>;
}

export interface RefusedToken {
  /** The end of a sentence that begins with "This token". */
  readonly reason: string;
}

/** The caller and the caller's permissions, or the error for a request without a usable credential. */
export type Identity =
  | { readonly origin: Origin; readonly grant: Grant; readonly refusal?: undefined }
  | { readonly refusal: GraphQLError; readonly grant?: undefined };

/** What tells who sends a request. */
type SentBy = Pick<ClientRequest, 'address' | 'socket' | 'credentials'>;

/** Resolves at once, except for tokens and for an embedder's asynchronous key ring. */
export type Identify = (request: SentBy) => MaybePromise<Identity>;

/** Whether every client that can connect may use the gateway's own key. */
export function isKeyForAll({ heldKey, gatewayKeys = [], keyRing, tokenVerifier }: Credentials): boolean {
  return heldKey !== undefined && gatewayKeys.length === 0 && !keyRing && !tokenVerifier;
}

/**
 * @param trust - called with the account of each held key: callers cannot make it up, so LuaAuth need not accept it first
 */
export function createIdentify(credentials: Credentials, trust: Transport['trust']): Identify {
  const { heldKey, gatewayKeys = [], keyRing, tokenVerifier } = credentials;
  if (heldKey === undefined) return identifyByApiKey();
  const hashOf = createHash();
  let trusted: string | undefined;
  const held = () => {
    const key = credentials.heldKey ?? heldKey;
    const account = hashOf(key);
    if (account !== trusted) trust(account);
    trusted = account;
    return { key, account };
  };
  // Polls may use the key before the first request comes.
  held();
  if (isKeyForAll(credentials)) {
    return (request) => ({ origin: { ...held(), caller: anonymousCallerOf(request) }, grant: EVERYTHING });
  }
  const keys = keyRing ?? createKeyRing(entriesOfPlainKeys(gatewayKeys));
  const known = (grant: Grant): Identity => {
    return { origin: { ...held(), caller: grant.name ?? '', callerRate: grant.rate }, grant };
  };
  const readFound = (found: FoundKey): Identity => {
    if (found === 'unknown') return UNKNOWN_GATEWAY_KEY;
    return found === 'expired' ? EXPIRED : known(found);
  };
  const readVerified = (verified: Grant | RefusedToken): Identity =>
    'reason' in verified
      ? refused(`This token ${verified.reason}. Present another one as "Authorization: Bearer <token>".`)
      : known(verified);
  return ({ credentials: { token, bearer = '' } }) => {
    // An embedder's key ring may contain the empty text, which is no key.
    if (bearer === '') return token ? KEY_IN_TOKEN : NO_GATEWAY_KEY;
    if (tokenVerifier && TOKEN.test(bearer)) return whenKnown(tokenVerifier.verify(bearer), readVerified);
    return whenKnown(keys.find(bearer), readFound);
  };
}

function identifyByApiKey(): Identify {
  const hashOf = createHash();
  return (request) => {
    const { token, bearer } = request.credentials;
    const key = token ?? bearer;
    if (key === undefined) return NO_API_KEY;
    if (token !== undefined && bearer !== undefined && token !== bearer) return TWO_API_KEYS;
    if (!KEY.test(key)) return NO_KEY_AT_ALL;
    return { origin: { key, account: hashOf(key), caller: request.address }, grant: EVERYTHING };
  };
}

/** The credential that decides whether a request is accepted: the API key, or what stands for it if the gateway holds the key. */
export function credentialOf(
  { heldKey }: Credentials,
  { credentials: { token, bearer = '' } }: Pick<ClientRequest, 'credentials'>,
): string {
  return heldKey === undefined ? (token ?? bearer) : bearer;
}

/** Hashes keys, so that memory is not indexed by a key itself. Most requests have the same key as the previous request. */
export function createHash(): (key: string) => string {
  let last = { key: '', account: '' };
  return (key) => {
    if (key !== last.key) last = { key, account: hash('sha256', key, 'base64url') };
    return last.account;
  };
}

/** Tells callers without keys apart: by address, and by credentials that other layers may require. */
function anonymousCallerOf({
  address,
  credentials: { token, bearer },
}: Pick<ClientRequest, 'address' | 'credentials'>): string {
  return `${address} ${token ?? ''} ${bearer ?? ''}`;
}

// Three parts of base64url; the first is a JSON object.
const TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;
// The characters of a header that a key may plausibly have: visible ASCII without spaces.
const KEY = /^[\x21-\x7e]{1,512}$/;

const refused = (message: string): Identity => ({ refusal: codedError('UNAUTHENTICATED', message) });

const NO_API_KEY = refused(
  'This field needs a LuaAuth API key. Send it as the header "token: <API key>" or "Authorization: Bearer <API key>".',
);
const TWO_API_KEYS = refused(
  'The token and Authorization headers carry different API keys. Send the key in one of them.',
);
const NO_KEY_AT_ALL = refused(
  'The API key is malformed. A key is 1 to 512 visible ASCII characters without spaces; in the token header it has no prefix.',
);
const NO_GATEWAY_KEY = refused(
  'No key was sent. This gateway holds its own LuaAuth key: present one of its gateway keys as "Authorization: Bearer <gateway key>".',
);
/** Says nothing about the key in `token`, which is not compared with any key: only the gateway's own key is sent to LuaAuth. */
const KEY_IN_TOKEN = refused(
  'The gateway holds its own LuaAuth key and does not read "token". A gateway key belongs into "authorization": send it as "Authorization: Bearer <gateway key>".',
);
const UNKNOWN_GATEWAY_KEY = refused(
  'The gateway key in "authorization" is not one of this gateway\'s keys. Ask the operator of the gateway for a key.',
);
const EXPIRED = refused('This gateway key has expired. Ask the operator of the gateway for a new one.');

export interface Acceptance {
  readonly identify: Identify;
  /**
   * Whether the gateway or the API has accepted the key before, in this process. Answers at once, without verifying
   * anything.
   */
  readonly wasAccepted: (request: ClientRequest) => boolean;
  /** Whether an operation of this connection had a credential that is accepted by now. False if none is needed. */
  readonly isAccepted: (socket: Socket) => boolean;
}

/** Remembers accepted credentials. A revoked credential counts as accepted until its next request. */
export function watchAccepted(
  credentials: Credentials,
  identify: Identify,
  { isKnown }: Pick<Transport, 'isKnown'>,
): Acceptance {
  if (isKeyForAll(credentials)) return { identify, wasAccepted: () => true, isAccepted: () => false };
  const hashOf = createHash();
  const proven = createKnownAccounts();
  const holdsKey = credentials.heldKey !== undefined;
  const isProven = holdsKey ? (one: string) => proven.has(one) : isKnown;
  /** The hash of each connection's credential: an accepted one, else the latest. */
  const ofSocket = new WeakMap<Socket, string>();
  const isAccepted = (socket: Socket) => isProven(ofSocket.get(socket) ?? '');
  return {
    identify: (request) =>
      whenKnown(identify(request), (identity) => {
        const { socket } = request;
        const credential = hashOf(credentialOf(credentials, request));
        if (holdsKey && identity.refusal) proven.remove(credential);
        else if (holdsKey) proven.add(credential);
        const isNoted = socket === undefined || ofSocket.get(socket) === credential;
        if (!isNoted && (isProven(credential) || !isAccepted(socket))) ofSocket.set(socket, credential);
        return identity;
      }),
    wasAccepted: (request) => isProven(hashOf(credentialOf(credentials, request))),
    isAccepted,
  };
}
