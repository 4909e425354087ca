import { hash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { isId } from '../luaauth/decoders.ts';
import type { Grant } from './grant.ts';
import { createJwks, type JwksOptions, KeysUnavailable } from './jwks.ts';
import { EVERY_SCOPE, isScope } from './scopes.ts';

export interface TokenVerifierOptions extends JwksOptions {
  /** Who must have issued a token, and for whom. */
  readonly issuer: string;
  readonly audience: string;
}

/** Knows what the bearer of a JSON Web Token may do. */
export interface TokenVerifier {
  /** What the token allows, or why it allows nothing. Never rejects. */
  verify(token: string): Grant | RefusedToken | Promise<Grant | RefusedToken>;
}

export interface RefusedToken {
  /** In words that go on after "This token". */
  readonly reason: string;
}

/** Signatures by a key pair alone: a secret that both sides know would be a second kind of key to hold. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** What clocks may be apart, in seconds. */
const TOLERANCE_S = 5;
/** How long a token that was verified is not verified again. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 1_000;
const NAME = /^[\x21-\x7e][\x20-\x7e]{0,127}$/;

interface Remembered {
  readonly grant: Grant;
  readonly expiresAt: number;
  readonly version: number;
}

/** Verifies tokens by the public keys of their issuer. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const jwks = createJwks(options);
  const { issuer, audience } = options;
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });
  const verify = async (token: string, name: string): Promise<Grant | RefusedToken> => {
    try {
      const { payload } = await jwtVerify(token, jwks.getKey, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: TOLERANCE_S,
        requiredClaims: ['sub', 'exp'],
      });
      const grant = grantOf(payload);
      if ('reason' in grant) return grant;
      remembered.set(name, { grant, expiresAt: (payload.exp ?? 0) * 1_000, version: jwks.version });
      return grant;
    } catch (error) {
      if (error instanceof errors.JOSEError) return { reason: reasonOf(error) };
      throw error;
    }
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

/** What a token says of its bearer. What is malformed is refused: left out, it would allow more. */
function grantOf(payload: JWTPayload): Grant | RefusedToken {
  const { sub = '', scope = '', luaauth_scripts: scripts, luaauth_projects: projects } = payload;
  if (!NAME.test(sub)) return { reason: 'has no usable "sub"' };
  if (typeof scope !== 'string')
    return { reason: 'has no usable "scope": it is a text, with spaces between' };
  if (!isIdList(scripts)) return { reason: 'has no usable "luaauth_scripts": it is a list of ids' };
  if (!isIdList(projects)) return { reason: 'has no usable "luaauth_projects": it is a list of ids' };
  const named = scope.split(' ');
  const scopes = named.includes(EVERY_SCOPE) ? undefined : new Set(named.filter(isScope));
  const hasUsers = !scopes || scopes.has('users:read') || scopes.has('users:write');
  if ((scripts || projects) && hasUsers)
    return { reason: 'has a list of scripts or projects beside a scope of users, who name no project' };
  return {
    name: sub,
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
  if (error instanceof KeysUnavailable) return 'cannot be verified now: the keys of its issuer cannot be had';
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `is not for this gateway: see its "${error.claim}"`;
  return 'is not signed by a key of its issuer';
}
