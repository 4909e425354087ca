import { createHash } from 'node:crypto';
import { isId } from '../luaauth/decoders.ts';

/** As many as a write takes. */
const MAX_IDS = 100;

/** Names the things that a write is about, by its arguments: ids as they are, a licence key by its hash. Malformed ones are left out. */
export function idsIn({ input }: { readonly input?: unknown }): readonly string[] {
  const { id, projectId, ids, key } = (input ?? {}) as Readonly<Record<string, unknown>>;
  const given = [id, projectId, ...(Array.isArray(ids) ? ids.slice(0, MAX_IDS) : [])].filter(isId);
  return isId(key) ? [...given, `sha256:${createHash('sha256').update(key).digest('hex')}`] : given;
}
