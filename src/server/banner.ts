import type { Config } from '../config/config.ts';
import type { LifeCycleLog } from '../observability/log.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { version } from '../version.ts';

export interface Running {
  /** Where the gateway listens. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
}

/** Tells what has been started: who looks at a terminal how to go on, who reads lines of JSON where it is. */
export function announce({ url, metricsUrl }: Running, config: Config, log: LifeCycleLog): void {
  const { apiUrl } = config;
  if (process.stdout.isTTY) printBanner({ url, metricsUrl }, config);
  else
    log.tell('started', {
      version,
      url: `${url}/graphql`,
      mode: apiUrl ? 'live' : 'sandbox',
      apiUrl: apiUrl?.origin,
      metricsUrl,
    });
}

function printBanner({ url, metricsUrl }: Running, config: Config): void {
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
