import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readStream } from '../../transport/body.ts';

export interface JwksOptions {
  readonly url: URL;
  /** Called when the keys cannot be fetched. */
  readonly warn: (message: string) => void;
  /** Milliseconds on a line that never goes back. */
  readonly now?: () => number;
}

/** The keys of an issuer have never been had. */
export class KeysUnavailable extends errors.JOSEError {}

/** How long keys are as good as new. Later they still hold until others are there: their server may be down. */
const FRESH_MS = 10 * 60_000;
/** How long nobody asks again after a failure, or for a key that was not there: tokens that name one can be made up. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_000_000;

/** The public keys of an issuer of tokens, as its server has them. */
export function createJwks({ url, warn, now = () => performance.now() }: JwksOptions) {
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let text: string | undefined;
  let version = 0;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const ask = async () => {
    try {
      const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      const bytes = await readStream(response.body ?? [], MAX_BYTES);
      if (!response.ok) throw new Error(`status ${response.status}`);
      if (!bytes) throw new Error(`more than ${MAX_BYTES} bytes`);
      const given = bytes.toString('utf8');
      if (given !== text) {
        keys = createLocalJWKSet(JSON.parse(given) as JSONWebKeySet);
        text = given;
        version += 1;
      }
      fetchedAt = now();
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      warn(
        `GATEWAY_JWKS_URL: the keys cannot be fetched (${cause?.code ?? message}); ${keys ? 'those of before stay in force' : 'no token is accepted'}`,
      );
    } finally {
      asking = undefined;
    }
  };
  const askOnce = () => {
    if (asking) return asking;
    if (now() - askedAt < COOLDOWN_MS) return undefined;
    askedAt = now();
    asking = ask();
    return asking;
  };

  return {
    /** Changes whenever other keys are in force. */
    get version() {
      return version;
    },
    async getKey(...[header, token]: Parameters<JWTVerifyGetKey>) {
      // Nobody waits for keys that are only to be renewed.
      const renewing = now() - fetchedAt > FRESH_MS ? askOnce() : undefined;
      if (!keys) await (renewing ?? asking);
      if (!keys) throw new KeysUnavailable();
      try {
        return await keys(header, token);
      } catch (error) {
        const renewed = error instanceof errors.JWKSNoMatchingKey ? askOnce() : undefined;
        if (!renewed) throw error;
        await renewed;
        return keys(header, token);
      }
    },
  };
}
