import { isSet } from 'node:util/types';
import type { Grant } from '../callers/grant.ts';
import type { Credentials, RefusedToken, TokenVerifier } from '../callers/identify.ts';
import type { KeyRing } from '../callers/key-ring.ts';
import { isScope, SCOPES } from '../callers/scopes.ts';
import { MAX_KEYS_OF_ID, type UserTable } from '../callers/user-table.ts';
import { type Kind, problemsOf, textLike } from '../config/kinds.ts';
import { isId } from '../luaauth/decoders.ts';
import type { Clock } from '../transport/clock.ts';
import { askEmbedder } from '../transport/embedder-calls.ts';

const WITHIN_MS = 10_000;

const ids: Kind = { has: isSet, allowed: 'undefined or a Set of ids' };

/** Each member has to be there: as undefined, a misspelt member would allow everything. */
const GRANT: Readonly<Record<keyof Grant, Kind>> = {
  name: textLike(/^/, 'undefined or a text'),
  scopes: {
    has: (value) => isSet(value) && [...value].every((scope) => isScope(String(scope))),
    allowed: `undefined or a Set of scopes, of which there are ${SCOPES.join(', ')}`,
  },
  scripts: ids,
  projects: ids,
  // A lower rate would allow no call ever.
  rate: {
    has: (value) => typeof value === 'number' && value >= 1 && value < Number.POSITIVE_INFINITY,
    allowed: 'undefined or a number from 1',
  },
};

/**
 * Lets the lookups of an embedder give nothing but what their types say, within 10 seconds. Anything else is an error,
 * which refuses the caller.
 */
export function checkLookups(credentials: Credentials, clock: Clock): Credentials {
  const { gatewayKeys, keyRing, tokenVerifier } = credentials;
  return {
    gatewayKeys,
    keyRing: keyRing && checkedRing(keyRing, clock),
    tokenVerifier: tokenVerifier && checkedVerifier(tokenVerifier, clock),
    // It may be replaced while the gateway runs.
    get heldKey() {
      return credentials.heldKey;
    },
  };
}

function checkedRing(keyRing: KeyRing, clock: Clock): KeyRing {
  const name = 'credentials.keyRing.find';
  return {
    async find(key) {
      const found = await askEmbedder(() => keyRing.find(key), { name, withinMs: WITHIN_MS, clock });
      return found === 'unknown' || found === 'expired' ? found : readGrant(found, name);
    },
  };
}

function checkedVerifier(verifier: TokenVerifier, clock: Clock): TokenVerifier {
  const name = 'credentials.tokenVerifier.verify';
  return {
    async verify(token) {
      const given = await askEmbedder(() => verifier.verify(token), { name, withinMs: WITHIN_MS, clock });
      const { reason } = (given ?? {}) as Partial<RefusedToken>;
      return typeof reason === 'string' ? { reason } : readGrant(given, name);
    },
  };
}

/** Lets an embedder's table give nothing but lists of licence keys. Anything else is an error of the operation. */
export function checkUsers(users: UserTable): UserTable {
  return {
    get(discordId) {
      const keys: unknown = users.get(discordId);
      if (keys === undefined) return undefined;
      const isList = Array.isArray(keys) && keys.length <= MAX_KEYS_OF_ID && keys.every(isId);
      if (isList) return [...new Set<string>(keys)];
      throw new TypeError(
        `users.get gave no list of at most ${MAX_KEYS_OF_ID} licence keys, and not undefined either. Mend the table.`,
      );
    },
  };
}

/** @throws TypeError without the value, which may be a key */
function readGrant(given: unknown, giver: string): Grant {
  const members = typeof given === 'object' && given !== null ? given : {};
  const { name, scopes, scripts, projects, rate } = members as Grant;
  const grant: Grant = { name, scopes, scripts, projects, rate };
  const problems = Object.entries(GRANT).flatMap(([member, kind]) => {
    if (!(member in members)) return [`${member}: missing. It must be ${kind.allowed}.`];
    const value = grant[member as keyof Grant];
    return value === undefined ? [] : problemsOf(member, value, kind);
  });
  if (problems.length === 0) return grant;
  throw new TypeError(
    `${giver} gave no grant, so the caller is refused. Mend the function. ${problems.join(' ')}`,
    given instanceof Error ? { cause: given } : undefined,
  );
}
