import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readStream } from '../../transport/body.ts';

export interface JwksOptions {
  readonly url: URL;
  readonly warn: (message: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** No keys of the issuer have been received yet. */
export class KeysUnavailable extends errors.JOSEError {}

/** How long keys count as fresh. Older keys stay in force until new keys arrive, because the server may be down. */
const FRESH_MS = 10 * 60_000;
/** The pause after a failure or a missing key. Tokens with made-up key ids must not cause requests. */
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_000_000;

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
        `GATEWAY_JWKS_URL: the keys cannot be fetched (${cause?.code ?? message}); ${keys ? 'the previous keys stay in force' : 'no token is accepted'}`,
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
    /** Changes whenever other keys come into force. */
    get version() {
      return version;
    },
    async getKey(...[header, token]: Parameters<JWTVerifyGetKey>) {
      // A renewal of existing keys does not delay the token.
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
