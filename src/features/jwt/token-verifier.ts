import { hash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Grant } from '../../callers/grant.ts';
import type { RefusedToken, TokenVerifier } from '../../callers/identify.ts';
import { EVERY_SCOPE, isScope } from '../../callers/scopes.ts';
import { isId } from '../../luaauth/decoders.ts';
import { createJwks, type JwksOptions, KeysUnavailable } from './jwks.ts';

interface TokenVerifierOptions extends JwksOptions {
  readonly issuer: string;
  readonly audience: string;
}

/** Only signatures by a key pair. A shared secret would be a second kind of key to protect. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** How far two clocks may differ. */
const TOLERANCE_S = 5;
/** How long a verified token is not verified again. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 1_000;
/** Prefix of a token's name. Names in the keys file have no colon, so a token cannot take the name of a key. */
const NAME_PREFIX = 'jwt:';
const NAME = /^[\x21-\x7e][\x20-\x7e]{0,127}$/;

interface Remembered {
  readonly grant: Grant;
  readonly expiresAt: number;
  readonly version: number;
}

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const jwks = createJwks(options);
  const { issuer, audience } = options;
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });
  const checked = {
    issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: TOLERANCE_S,
    requiredClaims: ['sub', 'exp'],
  };
  let toldOf: number | undefined;
  /** Warns once for each set of keys, because clients can name a broken key any number of times. */
  const tellBroken = ({ message }: Error) => {
    if (toldOf === jwks.version) return;
    toldOf = jwks.version;
    options.warn(
      `GATEWAY_JWKS_URL: a key there cannot be used (${message}); tokens that name it are refused`,
    );
  };
  /** For a token that names no key. @throws the first other error; JWSSignatureVerificationFailed if no key matches */
  const verifyByEach = async (token: string, error: unknown) => {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, checked);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  };
  const verify = async (token: string, name: string): Promise<Grant | RefusedToken> => {
    let payload: JWTPayload;
    // Other keys may come into force during the verification.
    const { version } = jwks;
    try {
      ({ payload } = await jwtVerify(token, jwks.getKey, checked).catch((error) =>
        verifyByEach(token, error),
      ));
    } catch (error) {
      if (error instanceof errors.JOSEError) return { reason: reasonOf(error) };
      // The token is well-formed, so a key of the issuer is broken or too short.
      tellBroken(error as Error);
      return {
        reason: 'cannot be verified: its issuer has published a broken key of this name',
      };
    }
    const grant = grantOf(payload);
    if ('reason' in grant) return grant;
    remembered.set(name, { grant, expiresAt: (payload.exp ?? 0) * 1_000, version });
    return grant;
  };
  return {
    verify(token) {
      const name = hash('sha256', token, 'base64url');
      const known = remembered.get(name);
      const holds = known && known.expiresAt > Date.now() && known.version === jwks.version;
      return holds ? known.grant : verify(token, name);
    },
  };
}

/** Reads the claims of a token. A malformed claim is refused, as ignoring it would allow more. */
function grantOf(payload: JWTPayload): Grant | RefusedToken {
  const { scope = '', luaauth_scripts: scripts, luaauth_projects: projects } = payload;
  // The types of claims are not guaranteed: the issuer wrote them.
  const sub: unknown = payload.sub;
  if (typeof sub !== 'string' || !NAME.test(sub))
    return { reason: 'has no usable "sub": it is a text of 1 to 128 visible ASCII characters and spaces' };
  if (typeof scope !== 'string')
    return { reason: 'has no usable "scope": it is a text, with spaces between' };
  if (!isIdList(scripts)) return { reason: 'has no usable "luaauth_scripts": it is a list of ids' };
  if (!isIdList(projects)) return { reason: 'has no usable "luaauth_projects": it is a list of ids' };
  const named = scope.split(' ');
  const scopes = named.includes(EVERY_SCOPE) ? undefined : new Set(named.filter(isScope));
  const hasUsers = !scopes || scopes.has('users:read') || scopes.has('users:write');
  if ((scripts || projects) && hasUsers)
    return { reason: 'has a list of scripts or projects beside a scope of users, which have no project' };
  return {
    name: `${NAME_PREFIX}${sub}`,
    scopes,
    scripts: scripts && new Set(scripts),
    projects: projects && new Set(projects),
    rate: undefined,
  };
}

function isIdList(value: unknown): value is readonly string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isId));
}

function reasonOf(error: errors.JOSEError): string {
  if (error instanceof KeysUnavailable)
    return 'cannot be verified now: the keys of its issuer are not available';
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `is not for this gateway: see its "${error.claim}"`;
  return 'is not signed by a key of its issuer';
}
