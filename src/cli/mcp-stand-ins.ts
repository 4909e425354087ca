import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../config/environment.ts';
import { PACKAGE } from '../version.ts';

const DOCUMENTS = fileURLToPath(new URL('examples/agents/documents', PACKAGE));

/** For unset variables. The client at stdin has started this process, so it may know the gateway key. */
export function mcpStandIns(given: Environment, sandboxKey: string | undefined): Environment {
  const isSet = (...names: string[]) => names.some((name) => given[name]);
  const documents = isSet('PERSISTED_DOCUMENTS_FILE') ? {} : { PERSISTED_DOCUMENTS_FILE: DOCUMENTS };
  const hasToken = isSet('LUAAUTH_TOKEN', 'LUAAUTH_TOKEN_FILE');
  const token = hasToken || isSet('LUAAUTH_API_URL') ? {} : { LUAAUTH_TOKEN: sandboxKey };
  const hasKey = hasToken || token.LUAAUTH_TOKEN !== undefined;
  if (
    !hasKey ||
    isSet('GATEWAY_KEYS', 'GATEWAY_KEYS_FILE', 'GATEWAY_KEY', 'GATEWAY_KEY_FILE', 'GATEWAY_JWKS_URL')
  )
    return { ...documents, ...token };
  const key = randomBytes(32).toString('hex');
  return { ...documents, ...token, GATEWAY_KEYS: `agent=${key}`, GATEWAY_KEY: key };
}
