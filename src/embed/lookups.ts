import type { Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Grant } from '../callers/grant.ts';
import type { Credentials } from '../callers/identify.ts';
import { askEmbedder } from '../transport/embedder-calls.ts';

const WITHIN_MS = 10_000;

/** Lets the lookups of an embedder refuse the caller if they throw, give no grant and no reason, or take over 10 seconds. */
export function guardLookups(credentials: Credentials, clock: Clock): Credentials {
  const { gatewayKeys, keyRing, tokenVerifier } = credentials;
  const ask = async <T>(name: string, lookUp: () => MaybePromise<T>): Promise<T> => {
    const given = await askEmbedder(lookUp, { name, withinMs: WITHIN_MS, clock });
    if (isAnswer(given)) return given;
    throw new TypeError(
      `${name} gave no grant, so the caller is refused. Mend the function. A grant has the members ${LIMITS.join(', ')}, if only as undefined.`,
    );
  };
  return {
    gatewayKeys,
    keyRing: keyRing && { find: (key) => ask('credentials.keyRing.find', () => keyRing.find(key)) },
    tokenVerifier: tokenVerifier && {
      verify: (token) => ask('credentials.tokenVerifier.verify', () => tokenVerifier.verify(token)),
    },
    // It may be replaced while the gateway runs.
    get heldKey() {
      return credentials.heldKey;
    },
  };
}

/** An object without one of these, such as an Error, would allow everything. */
const LIMITS = ['scopes', 'scripts', 'projects'] satisfies (keyof Grant)[];

function isAnswer(given: unknown): boolean {
  if (given === 'unknown' || given === 'expired') return true;
  if (typeof given !== 'object' || given === null) return false;
  return 'reason' in given || LIMITS.every((limit) => limit in given);
}
