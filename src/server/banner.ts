import type { Config } from '../config/config.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { version } from '../version.ts';

export interface Running {
  /** Where the gateway listens. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
}

/** Tells on the terminal what has been started. */
export function announce({ url, metricsUrl }: Running, config: Config): void {
  const lines = [`luaauth-graphql ${version}`];
  if (config.apiUrl) {
    lines.push(`  GraphQL   ${url}/graphql`, `  LuaAuth   ${config.apiUrl.origin}`);
  } else {
    lines.push(
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql${config.graphiql ? '  (open it in a browser for GraphiQL)' : ''}`,
      `  Key       ${credentialAdvice(config)}`,
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
    );
  }
  if (metricsUrl) lines.push(`  Metrics   ${metricsUrl}`);
  console.log(lines.join('\n'));
}

function credentialAdvice({ credentials: { heldKey, gatewayKeys }, keysFile }: Config): string {
  if (heldKey === undefined) return `send the header "token: ${sandboxKeys.full}"`;
  const sent = `the gateway sends LUAAUTH_TOKEN; the sandbox knows ${sandboxKeys.full}`;
  return gatewayKeys || keysFile ? `send the header "authorization: Bearer <gateway key>"; ${sent}` : sent;
}
