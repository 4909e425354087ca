import type { Config } from '../config/config.ts';
import type { Credentials } from '../context.ts';
import type { GraphiQLPageOptions } from '../graphiql/page.ts';
import { createTabs } from '../graphiql/tabs.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { seeded } from '../sandbox/seed-data.ts';

/** The page asks for what the sandbox has, or shows placeholders; never the key that the gateway holds. */
export function graphiqlFor({ credentials, readOnly, apiUrl }: Config): GraphiQLPageOptions {
  const isSandbox = apiUrl === undefined;
  const credential = visitorHeaders(credentials, isSandbox ? sandboxKeys.full : '<your LuaAuth API key>');
  const headers = { ...credential, 'x-upstream': 'report' };
  const ids = isSandbox
    ? { scriptId: seeded.scriptId, placeId: String(seeded.placeId) }
    : { scriptId: '<script id>', placeId: '<place id>' };
  return { headers, tabs: createTabs({ ...ids, headers, readOnly }), inAdvance: true };
}

function visitorHeaders({ heldKey, gatewayKeys }: Credentials, callerKey: string): Record<string, string> {
  if (heldKey === undefined) return { token: callerKey };
  return gatewayKeys ? { authorization: 'Bearer <gateway key>' } : {};
}
