import type { Config } from '../config/config.ts';
import type { GraphiQLPageOptions } from '../graphiql/page.ts';
import type { VisitorCredential } from '../graphiql/page-options.ts';
import { createTabs } from '../graphiql/tabs.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { seeded } from '../sandbox/seed-data.ts';

const PLACEHOLDERS = {
  scriptId: '<script id>',
  visitedScriptId: '<script id>',
  placeId: '<place id>',
  projectId: '<project id>',
  userKey: '<licence key>',
  blacklistedUserKey: '<licence key>',
};

/** The page asks for what the sandbox has, or shows placeholders; never the key that the gateway holds. */
export function graphiqlFor(config: Config): GraphiQLPageOptions {
  const { readOnly, apiUrl } = config;
  const isSandbox = apiUrl === undefined;
  const credential = visitorCredential(config, isSandbox);
  const ids = isSandbox ? { ...seeded, placeId: String(seeded.placeId) } : PLACEHOLDERS;
  return {
    credential,
    note: noteFor(config, isSandbox),
    tabs: createTabs({ ...ids, credential, readOnly }),
    inAdvance: true,
  };
}

function visitorCredential(
  { credentials, keysFile, jwt }: Config,
  isSandbox: boolean,
): VisitorCredential | undefined {
  const { heldKey, gatewayKeys } = credentials;
  if (heldKey === undefined) {
    return {
      header: 'token',
      prefix: '',
      label: 'LuaAuth API key',
      publicKey: isSandbox ? sandboxKeys.full : '',
      variable: 'LUAAUTH_API_KEY',
    };
  }
  if (!gatewayKeys && !keysFile && !jwt) return undefined;
  return {
    header: 'authorization',
    prefix: 'Bearer ',
    label: 'Key of this gateway',
    publicKey: '',
    variable: 'GATEWAY_KEY',
  };
}

function noteFor({ credentials: { heldKey } }: Config, isSandbox: boolean): string {
  if (isSandbox) return 'Sandbox: made-up data, nothing reaches LuaAuth.';
  return heldKey === undefined ? 'Live: LuaAuth answers.' : 'Live: this gateway holds its LuaAuth key.';
}
