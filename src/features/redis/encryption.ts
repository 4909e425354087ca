import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type RandomSource, systemRandom } from '../../transport/random-source.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES;
/** Compressing shorter texts gains nothing. */
const COMPRESS_FROM_BYTES = 1_024;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const PLAIN = Buffer.from([0]);
const COMPRESSED = Buffer.from([1]);

/**
 * Protects stored data with a secret, such as an API key: names become an HMAC, values are encrypted. A reader of the store
 * sees neither. Another secret cannot open the values.
 */
export function createEncryption(
  secret: string,
  random: RandomSource = systemRandom,
  onRejected: (kind: string) => void = () => undefined,
) {
  const nameKey = derive(secret, 'names');
  const valueKey = derive(secret, 'values');
  const name = (text: string) => createHmac('sha256', nameKey).update(text).digest('base64url').slice(0, 22);
  return {
    /** Replaces the secret in the names of keys. */
    tag: name(''),
    name,
    /** `location` is where the value is stored. The value cannot be opened at another location. */
    seal(text: string, location: string): Buffer {
      const bytes = Buffer.from(text);
      const isLong = bytes.length >= COMPRESS_FROM_BYTES;
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', valueKey, nonce).setAAD(Buffer.from(location));
      const content = isLong ? deflateRawSync(bytes, { level: 1 }) : bytes;
      const sealed = [cipher.update(isLong ? COMPRESSED : PLAIN), cipher.update(content), cipher.final()];
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]);
    },
    /** Gives undefined if this secret did not seal the value for this location, or the value was changed. */
    open(sealed: Buffer, location: string): string | undefined {
      if (sealed.length <= HEAD_BYTES) {
        if (sealed.length > 0) onRejected(kindOf(location));
        return undefined;
      }
      const nonce = sealed.subarray(0, NONCE_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', valueKey, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(location)).setAuthTag(sealed.subarray(NONCE_BYTES, HEAD_BYTES));
        const opened = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]);
        const content = opened.subarray(1);
        return opened[0] === PLAIN[0]
          ? content.toString()
          : inflateRawSync(content, { maxOutputLength: MAX_TEXT_BYTES }).toString();
      } catch {
        onRejected(kindOf(location));
        return undefined;
      }
    },
  };
}

/** Gives the kind of a key without its name: `luaauth:{tag}:entry-name` is an `entry`. */
function kindOf(location: string): string {
  return /:([a-z]+)[^:]*$/.exec(location)?.[1] ?? 'other';
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'luaauth-graphql', purpose, 32));
}

/** The object in a JSON text; undefined: the text holds no object. */
export function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
