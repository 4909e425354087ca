import { hash } from 'node:crypto';
import { isId } from '../luaauth/decoders.ts';

const MAX_IDS = 100;

/** The ids in a write's arguments; a licence key is shown as its hash. Leaves out malformed ids. */
export function idsIn({ input }: { readonly input?: unknown }): readonly string[] {
  const { id, projectId, ids, key } = (input ?? {}) as Readonly<Record<string, unknown>>;
  const given = [id, projectId, ...(Array.isArray(ids) ? ids.slice(0, MAX_IDS) : [])].filter(isId);
  return isId(key) ? [...given, `sha256:${hash('sha256', key)}`] : given;
}
