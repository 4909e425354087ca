import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { type MaybePromise, whenKnown } from '../state/maybe-promise.ts';
import { createKnownAccounts } from '../transport/accounts.ts';
import type { Origin } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';
import { askEmbedder, typeInWords } from '../transport/embedder-calls.ts';
import type { Transport } from '../transport/transport.ts';
import { createKeyStore, entriesOfPlainKeys, type KeyStore } from './key-store.ts';
import { EVERYTHING, noPermissions, type Permissions, readPermissions } from './permissions.ts';

/** Where the API key comes from: the caller, or the gateway itself for callers who present one of its own keys. */
export interface Credentials {
  /** The API key that the gateway holds. It is read for each request, so another key may replace it. */
  readonly heldKey?: string | undefined;
  /**
   * The keys that callers of a gateway with its own API key present, each alone or as `name=key`; they allow everything. None:
   * every client that can connect may call.
   */
  readonly gatewayKeys?: readonly string[] | undefined;
  /** Knows the gateway keys and what each allows, instead. */
  readonly keyRing?: KeyStore | undefined;
  /** Verifies the bearers of JSON Web Tokens, beside or instead. */
  readonly tokenVerifier?: TokenVerifier | undefined;
}

/** Knows what the bearer of a JSON Web Token may do. */
export interface TokenVerifier {
  /**
   * Gives the token's permissions, or why it has none: at once, or within 10 seconds. Anything else refuses the caller, as a
   * failure does.
   */
  verify(token: string): Permissions | RefusedToken | PromiseLike<Permissions | RefusedToken>;
}

export interface RefusedToken {
  /** In words that go on after "This token". */
  readonly reason: string;
}

/** The caller of a request and their permissions; or why nothing can be asked of the REST API for them. */
export type Identity =
  | { readonly origin: Origin; readonly permissions: Permissions; readonly refusal?: undefined }
  | { readonly refusal: GraphQLError; readonly permissions?: undefined };

/** At once, but for a token that has to be verified, and an embedder's key store that answers later. */
export type Identify = (request: ClientRequest) => MaybePromise<Identity>;

/** Whether every client that can connect may use the key that the gateway holds. */
export function isKeyForAll({ heldKey, gatewayKeys = [], keyRing, tokenVerifier }: Credentials): boolean {
  return heldKey !== undefined && gatewayKeys.length === 0 && !keyRing && !tokenVerifier;
}

/** How long an embedder may take to say what a caller may do. */
const IDENTIFIED_WITHIN_MS = 10_000;

/**
 * @throws TypeError when there is a key store or a verifier that cannot be asked: left out, it would let everybody in. And when
 * there is no held key beside it: what callers present would go to the API as their own.
 */
export function createIdentify(credentials: Credentials, clock: Clock): Identify {
  const { heldKey, gatewayKeys = [], keyRing, tokenVerifier } = credentials;
  checkMethod('keyRing', keyRing, 'find');
  checkMethod('tokenVerifier', tokenVerifier, 'verify');
  if (heldKey === undefined) {
    const given = Object.entries({ keyRing, tokenVerifier, gatewayKeys: gatewayKeys.length });
    const [name] = given.find(([, one]) => one) ?? [];
    if (name) {
      throw new TypeError(
        `credentials.${name} is given without heldKey, so it would protect nothing, and LuaAuth would be sent what callers present. Give heldKey, or leave ${name} out.`,
      );
    }
    return identifyByApiKey();
  }
  const hashOf = createHash();
  const held = () => {
    const key = credentials.heldKey ?? heldKey;
    return { key, account: hashOf(key) };
  };
  if (isKeyForAll(credentials)) {
    return (request) => ({
      origin: { ...held(), caller: placeOf(request) },
      permissions: EVERYTHING,
    });
  }
  const keys = keyRing ?? createKeyStore(entriesOfPlainKeys(gatewayKeys));
  const ask = (name: string, question: () => unknown, read: (given: unknown, name: string) => Identity) =>
    whenKnown(askEmbedder(question, { name, withinMs: IDENTIFIED_WITHIN_MS, clock }), (given) =>
      read(given, name),
    );
  const known = (given: unknown, giver: string): Identity => {
    const permissions = readPermissions(given, giver);
    return {
      origin: { ...held(), caller: permissions.name ?? '', callerRate: permissions.rate },
      permissions,
    };
  };
  const readFound = (found: unknown, giver: string): Identity => {
    if (found === 'unknown') return NO_GATEWAY_KEY;
    return found === 'expired' ? EXPIRED : known(found, giver);
  };
  const readVerified = (verified: unknown, giver: string): Identity => {
    const { reason } = (verified ?? {}) as { readonly reason?: unknown };
    if (reason === undefined) return known(verified, giver);
    if (typeof reason !== 'string') throw noPermissions(giver, `a "reason" that is ${typeInWords(reason)}`);
    return refused(`This token ${reason}. Present another one as "Authorization: Bearer <token>".`);
  };
  return ({ credentials: { bearer = '' } }) => {
    // An empty text among an embedder's keys is no key: everybody has it.
    if (bearer === '') return NO_GATEWAY_KEY;
    if (tokenVerifier && TOKEN.test(bearer))
      return ask('credentials.tokenVerifier.verify', () => tokenVerifier.verify(bearer), readVerified);
    return ask('credentials.keyRing.find', () => keys.find(bearer), readFound);
  };
}

function checkMethod(name: 'keyRing' | 'tokenVerifier', given: unknown, method: string): void {
  if (given === undefined) return;
  if (typeof (given as Readonly<Record<string, unknown>> | null)?.[method] === 'function') return;
  throw new TypeError(
    `credentials.${name} is ${typeInWords(given)} without the method ${method}. Give an object that has it, awaited if it is made later, or leave ${name} out.`,
  );
}

function identifyByApiKey(): Identify {
  const hashOf = createHash();
  return (request) => {
    const { token, bearer } = request.credentials;
    const key = token ?? bearer;
    if (key === undefined) return NO_API_KEY;
    if (token !== undefined && bearer !== undefined && token !== bearer) return TWO_API_KEYS;
    if (!KEY.test(key)) return NO_KEY_AT_ALL;
    return {
      origin: { key, account: hashOf(key), caller: request.address },
      permissions: EVERYTHING,
    };
  };
}

/** Stands for a key wherever something is kept by key. Most requests come with the same one as the one before. */
function createHash(): (key: string) => string {
  let last = { key: '', account: '' };
  return (key) => {
    if (key !== last.key) last = { key, account: hash('sha256', key, 'base64url') };
    return last.account;
  };
}

/** Tells callers apart who need no key: by address, and by credentials that something else may ask for. */
function placeOf({ address, credentials: { token, bearer } }: ClientRequest): string {
  return `${address} ${token ?? ''} ${bearer ?? ''}`;
}

// Three parts of base64url, of which the first is a JSON object.
const TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;
// Whatever a header can carry and a key would plausibly hold: visible ASCII without spaces.
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
/** The caller's `token` header is not looked at: the gateway's own key is the only one that goes upstream. */
const NO_GATEWAY_KEY = refused(
  'This gateway holds its own LuaAuth key. Present one of its gateway keys as "Authorization: Bearer <gateway key>".',
);
const EXPIRED = refused('This gateway key has expired. Ask whoever runs the gateway for a new one.');

export interface Acceptance {
  readonly identify: Identify;
  /**
   * Whether a request comes with a credential that was accepted before, in this process, by the gateway's keys or by the
   * API. It is known at once, nobody is asked, and nothing is verified.
   */
  readonly wasAccepted: (request: ClientRequest) => boolean;
  /** Whether `wasAccepted` has been true for a request of this connection. False where callers need no credential. */
  readonly isAccepted: (socket: Socket) => boolean;
}

/** Watches who is let in. A credential that no longer is counts as accepted until its next request. */
export function watchAccepted(
  credentials: Credentials,
  identify: Identify,
  { isKnown }: Pick<Transport, 'isKnown'>,
): Acceptance {
  if (isKeyForAll(credentials)) return { identify, wasAccepted: () => true, isAccepted: () => false };
  const hashOf = createHash();
  const accepted = new WeakSet<Socket>();
  const isAccepted = (socket: Socket) => accepted.has(socket);
  if (credentials.heldKey === undefined) {
    return {
      identify,
      wasAccepted: ({ credentials: { token, bearer = '' }, socket }) => {
        const isGood = isKnown(hashOf(token ?? bearer));
        if (isGood && socket) accepted.add(socket);
        return isGood;
      },
      isAccepted,
    };
  }
  const proven = createKnownAccounts();
  return {
    identify: (request) =>
      whenKnown(identify(request), (identity) => {
        const { bearer = '' } = request.credentials;
        if (identity.refusal) proven.delete(hashOf(bearer));
        else proven.set(hashOf(bearer), true);
        return identity;
      }),
    wasAccepted: ({ credentials: { bearer = '' }, socket }) => {
      const isGood = proven.has(hashOf(bearer));
      if (isGood && socket) accepted.add(socket);
      return isGood;
    },
    isAccepted,
  };
}
