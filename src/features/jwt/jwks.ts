import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, type JSONWebKeySet } from 'jose';
import { readStream } from '../../base/bytes.ts';

export interface JwksOptions {
  readonly url: URL;
  readonly warn: (message: string) => void;
}

/** No keys of the issuer have been received yet. */
export class KeysUnavailable extends errors.JOSEError {}

/** The pause after a failure without any keys. Tokens with made-up key ids must not cause requests. */
const COOLDOWN_MS = 30_000;
const MAX_BYTES = 1_000_000;

/**
 * The public keys of an issuer, by jose's rules: keys are fresh for 10 minutes, a key id that is missing is looked for at most
 * every 30 seconds, and a request takes at most 5 seconds. While the server is down, the last keys stay in force.
 */
export function createJwks({ url, warn }: JwksOptions) {
  let text: string | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  const fetchKeys = async (address: string, init: { signal: AbortSignal }): Promise<Response> => {
    if (text === undefined && Date.now() - failedAt < COOLDOWN_MS) throw new KeysUnavailable();
    try {
      const response = await fetch(address, { redirect: 'error', signal: init.signal });
      const bytes = await readStream(response.body ?? [], MAX_BYTES);
      if (!response.ok) throw new Error(`status ${response.status}`);
      if (!bytes) throw new Error(`more than ${MAX_BYTES} bytes`);
      const given = bytes.toString('utf8');
      if (given !== text) {
        // Throws if the text is no set of keys.
        createLocalJWKSet(JSON.parse(given) as JSONWebKeySet);
        text = given;
      }
    } catch (error) {
      failedAt = Date.now();
      const { message, cause } = error as Error & { cause?: { code?: string } };
      warn(
        `GATEWAY_JWKS_URL: the keys cannot be fetched (${cause?.code ?? message}); ${text === undefined ? 'no token is accepted' : 'the previous keys stay in force'}`,
      );
      if (text === undefined) throw new KeysUnavailable();
    }
    return new Response(text);
  };

  return createRemoteJWKSet(url, { [customFetch]: fetchKeys });
}
