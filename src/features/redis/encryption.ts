import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { type RandomSource, systemRandom } from '../../base/random-source.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/**
 * Protects stored data with a secret, such as an API key: names become an HMAC, values are encrypted. A reader of the store
 * sees neither. Another secret cannot open the values.
 */
export function createEncryption(secret: string, random: RandomSource = systemRandom) {
  const nameKey = derive(secret, 'names');
  const valueKey = derive(secret, 'values');
  const name = (text: string) => createHmac('sha256', nameKey).update(text).digest('base64url').slice(0, 22);
  return {
    /** Replaces the secret in the names of keys. */
    tag: name(''),
    name,
    /** `location` is where the value is stored. The value cannot be opened at another location. */
    seal(text: string, location: string): Buffer {
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', valueKey, nonce).setAAD(Buffer.from(location));
      const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    /** Gives undefined if this secret did not seal the value for this location, or the value was changed. */
    open(sealed: Buffer, location: string): string | undefined {
      if (sealed.length < HEAD_BYTES) return undefined;
      const nonce = sealed.subarray(0, NONCE_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', valueKey, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(location)).setAuthTag(sealed.subarray(NONCE_BYTES, HEAD_BYTES));
        return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]).toString();
      } catch {
        return undefined;
      }
    },
  };
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'luaauth-graphql', purpose, 32));
}
