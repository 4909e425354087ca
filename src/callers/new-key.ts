import { createHash, randomBytes } from 'node:crypto';

/** By which people, and what scans for secrets, recognise a gateway key. */
export const KEY_PREFIX = 'luagw_';
const KEY_BYTES = 32;

/** A key that nobody can guess, and the hash by which it is recognised: the key itself is kept nowhere. */
export function createGatewayKey(): { readonly key: string; readonly sha256: string } {
  const key = KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: createHash('sha256').update(key).digest('hex') };
}
