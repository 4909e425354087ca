import { errors, type JWTPayload, jwtVerify } from 'jose';
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
/** Prefix of a token's name. Names in the keys file have no colon, so a token cannot take the name of a key. */
const NAME_PREFIX = 'jwt:';
const NAME = /^[\x21-\x7e][\x20-\x7e]{0,127}$/;

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, audience } = options;
  const getKey = createJwks(options);
  let hasToldOfBroken = false;
  /** Warns once, because clients can name a broken key any number of times. */
  const tellBroken = ({ message }: Error) => {
    if (hasToldOfBroken) return;
    hasToldOfBroken = true;
    options.warn(
      `GATEWAY_JWKS_URL: a key there cannot be used (${message}); tokens that name it are refused`,
    );
  };
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, getKey, {
          issuer,
          audience,
          algorithms: ALGORITHMS,
          clockTolerance: TOLERANCE_S,
          requiredClaims: ['sub', 'exp'],
        });
        return grantOf(payload);
      } catch (error) {
        if (error instanceof errors.JOSEError) return { reason: reasonOf(error) };
        // The token is well-formed, so a key of the issuer is broken or too short.
        tellBroken(error as Error);
        return { reason: 'cannot be verified: its issuer has published a broken key of this name' };
      }
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
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'names no key in its "kid", and its issuer has several';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `is not for this gateway: see its "${error.claim}"`;
  return 'is not signed by a key of its issuer';
}
