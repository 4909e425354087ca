import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Shorter texts gain nothing. */
const COMPRESS_FROM_BYTES = 1_024;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const PLAIN = Buffer.from([0]);
const COMPRESSED = Buffer.from([1]);

/**
 * Hides what is kept for whoever has a secret, such as an API key: names become an HMAC, values are encrypted. Who reads
 * the store sees neither, and what is kept for one secret cannot be opened with another.
 */
export class Vault {
  /** Stands for the secret in names of keys. */
  readonly tag: string;
  readonly #nameKey: Buffer;
  readonly #valueKey: Buffer;

  constructor(secret: string) {
    this.#nameKey = derive(secret, 'names');
    this.#valueKey = derive(secret, 'values');
    this.tag = this.name('');
  }

  name(text: string): string {
    return createHmac('sha256', this.#nameKey).update(text).digest('base64url').slice(0, 22);
  }

  /** `place` is where the value is kept: elsewhere it cannot be opened. */
  seal(text: string, place: string): Buffer {
    const bytes = Buffer.from(text);
    const [mark, content] =
      bytes.length < COMPRESS_FROM_BYTES ? [PLAIN, bytes] : [COMPRESSED, deflateRawSync(bytes, { level: 1 })];
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#valueKey, nonce).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([cipher.update(mark), cipher.update(content), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Undefined for what was not sealed for this place with this secret, or was changed since. */
  open(sealed: Buffer, place: string): string | undefined {
    if (sealed.length <= NONCE_BYTES + TAG_BYTES) return undefined;
    const nonce = sealed.subarray(0, NONCE_BYTES);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#valueKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const opened = Buffer.concat([
        decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      const content = opened.subarray(1);
      return opened[0] === PLAIN[0]
        ? content.toString()
        : inflateRawSync(content, { maxOutputLength: MAX_TEXT_BYTES }).toString();
    } catch {
      return undefined;
    }
  }
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'luaauth-graphql', purpose, 32));
}
