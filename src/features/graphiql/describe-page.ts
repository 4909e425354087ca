import type { Config } from '../../config/config.ts';
import type { GraphiQLPageOptions } from '../../http/graphiql-options.ts';
import type { SandboxFacts } from '../../server/features.ts';
import { createTabs, PLACEHOLDERS } from './tabs.ts';

/** Describes the page with ids of the sandbox or placeholders, never with the gateway's own key. */
export function describePage(config: Config, sandbox: SandboxFacts | undefined): GraphiQLPageOptions {
  const credential = visitorCredential(config, sandbox);
  const ids = sandbox?.ids ?? PLACEHOLDERS;
  return {
    credential,
    note: noteFor(config, sandbox !== undefined),
    tabs: (documents) => createTabs(documents, { ...ids, credential, readOnly: config.readOnly }),
  };
}

function visitorCredential({ credentials, keysFile, jwt }: Config, sandbox: SandboxFacts | undefined) {
  const { heldKey, gatewayKeys } = credentials;
  if (heldKey === undefined) {
    return {
      header: 'token',
      prefix: '',
      label: 'LuaAuth API key',
      publicKey: sandbox?.key ?? '',
    };
  }
  if (!gatewayKeys && !keysFile && !jwt) return undefined;
  return {
    header: 'authorization',
    prefix: 'Bearer ',
    label: 'Key of this gateway',
    publicKey: '',
  };
}

function noteFor({ credentials: { heldKey } }: Config, isSandbox: boolean): string {
  if (isSandbox) return 'Sandbox: made-up data, nothing reaches LuaAuth.';
  return heldKey === undefined ? 'Live: LuaAuth answers.' : 'Live: this gateway has its own LuaAuth key.';
}
