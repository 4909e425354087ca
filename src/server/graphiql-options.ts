import type { Config } from '../config/config.ts';
import type { GraphiQLPageOptions } from '../graphiql/page.ts';
import { createTabs } from '../graphiql/tabs.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { seeded } from '../sandbox/seed-data.ts';

/** The page asks for what the sandbox has, or shows placeholders; never the key that the gateway holds. */
export function graphiqlFor(config: Config): GraphiQLPageOptions {
  const { readOnly, apiUrl } = config;
  const isSandbox = apiUrl === undefined;
  const credential = visitorHeaders(config, isSandbox ? sandboxKeys.full : '<your LuaAuth API key>');
  const headers = { ...credential, 'x-upstream': 'report' };
  const ids = isSandbox
    ? { scriptId: seeded.scriptId, placeId: String(seeded.placeId) }
    : { scriptId: '<script id>', placeId: '<place id>' };
  return { headers, tabs: createTabs({ ...ids, headers, readOnly }), inAdvance: true };
}

function visitorHeaders({ credentials, keysFile, jwt }: Config, callerKey: string): Record<string, string> {
  const { heldKey, gatewayKeys } = credentials;
  if (heldKey === undefined) return { token: callerKey };
  return gatewayKeys || keysFile || jwt ? { authorization: 'Bearer <gateway key>' } : {};
}
