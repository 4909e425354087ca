import type { Config } from '../config/config.ts';
import { version } from '../version.ts';
import type { SandboxFacts } from './features.ts';
import type { OperationLog } from './log.ts';

/**
 * Announces the start in the log as a line of JSON, or with a banner on a terminal. `sandbox` is given if the sandbox answers
 * instead of an API.
 */
export function announce(
  url: string,
  metricsUrl: string | undefined,
  config: Config,
  sandbox: SandboxFacts | undefined,
  log: Pick<OperationLog, 'lifeCycle'>,
): void {
  const { apiUrl, dashboard } = config;
  if (!process.stdout.isTTY) {
    log.lifeCycle('started', {
      version,
      url: `${url}/graphql`,
      mode: apiUrl ? 'live' : 'sandbox',
      apiUrl: apiUrl?.origin,
      sandboxKey: sandbox?.key,
      dashboard: dashboard ? `${url}/dashboard` : undefined,
      metricsUrl,
    });
    return;
  }
  const lines = [`luaauth-graphql ${version}`];
  if (!sandbox) {
    lines.push(`  GraphQL   ${url}/graphql`, `  LuaAuth   ${apiUrl?.origin}`);
  } else {
    lines.push(
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql${config.graphiql ? '  (open it in a browser for GraphiQL)' : ''}`,
      `  Key       ${credentialAdvice(config, sandbox.key)}`,
      `  Try       { script(id: "${sandbox.ids.scriptId}") { name enabled } }`,
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
    );
  }
  if (dashboard) lines.push(`  Dashboard ${url}/dashboard`);
  if (config.redis)
    lines.push(
      `  Redis     ${new URL(config.redis.url).host}, shared by all gateways with the prefix ${config.redis.prefix}`,
    );
  if (metricsUrl) lines.push(`  Metrics   ${metricsUrl}`);
  console.log(lines.join('\n'));
}

function credentialAdvice(
  { credentials: { heldKey, gatewayKeys }, keysFile, jwt }: Config,
  sandboxKey: string,
): string {
  if (heldKey === undefined) return `send the header "token: ${sandboxKey}"`;
  const sent = `the gateway sends LUAAUTH_TOKEN; the sandbox knows ${sandboxKey}`;
  return gatewayKeys || keysFile || jwt
    ? `send the header "authorization: Bearer <gateway key>"; ${sent}`
    : sent;
}
