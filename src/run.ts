import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Config } from './config.ts';
import type { Credentials } from './context.ts';
import { createGateway } from './gateway.ts';
import type { GraphiQLPageOptions } from './graphiql.ts';
import { createTabs } from './graphiql-tabs.ts';
import { type Operation, openOperation } from './operation/open.ts';
import { StartError } from './operation/start-error.ts';
import { sandboxKeys } from './sandbox/keys.ts';
import { seeded } from './sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from './sandbox/server.ts';
import { type RunningServer, startServer } from './server.ts';
import { createTransport } from './transport/index.ts';
import { version } from './version.ts';

/**
 * How much the heap may grow before it is collected, in percent. V8 lets it quadruple: measured under full load, this keeps
 * a process at about 155 MB instead of 260; answers of many objects cost 5 to 10 % more CPU time, small ones no more.
 */
const HEAP_GROWTH = 50;

/** Runs the gateway until the process is told to stop. */
export async function run(config: Config): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  const operation = await openOperation({ ...config, version, secrets: secretsOf(config) }).catch(exit);
  const sandbox = config.apiUrl ? undefined : await startSandbox();
  const transport = createTransport({
    url: config.apiUrl ?? new URL((sandbox as Sandbox).url),
    userAgent: `luaauth-graphql/${version}`,
    rate: config.rate,
    freshMs: config.freshMs,
    staleMs: config.staleMs,
    observer: operation.upstream,
  });
  let ready = true;
  const gateway = createGateway({
    transport,
    credentials: config.credentials,
    timeouts: config.timeouts,
    operationTimeoutMs: config.operationTimeoutMs,
    readOnly: config.readOnly,
    persisted: config.persisted,
    limits: config.limits,
    maxBodyBytes: config.maxBodyBytes,
    corsOrigins: config.corsOrigins,
    graphiql: config.graphiql ? graphiqlFor(config, sandbox) : undefined,
    isReady: () => ready,
    log: operation.log,
    observers: operation.visits,
    routes: operation.routes,
  });
  const server = await startServer({ listener: gateway, host: config.host, port: config.port }).catch(
    ({ code }: NodeJS.ErrnoException) =>
      exit(`Cannot listen on ${config.host}:${config.port} (${code}). Set HOST and PORT to a free address.`),
  );
  announce({ version, server, config, sandbox, operation });

  const stop = async () => {
    ready = false;
    await delay(config.shutdown.delayMs);
    const graceIsOver = delay(config.shutdown.graceMs);
    await server.drain(config.shutdown.graceMs);
    // A write goes on when its client has left; it has the same time to finish.
    await Promise.race([transport.close(), graceIsOver]);
    await sandbox?.close();
    await Promise.race([operation.close(), graceIsOver]);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!ready) process.exit(1);
      void stop();
    });
  }
}

/** What must not be shown anywhere. */
function secretsOf({ credentials: { heldKey, gatewayKeys = [] }, metrics }: Config): string[] {
  return [heldKey, metrics?.key, ...gatewayKeys].filter((key) => key !== undefined);
}

/** Ends the process because it cannot start. */
function exit(reason: string | Error): never {
  if (reason instanceof Error && !(reason instanceof StartError)) throw reason;
  console.error(reason instanceof StartError ? reason.message : reason);
  process.exit(1);
}

/** The page asks for what the sandbox has, or shows placeholders; never the key that the gateway holds. */
function graphiqlFor({ credentials, readOnly }: Config, sandbox: Sandbox | undefined): GraphiQLPageOptions {
  const credential = visitorHeaders(credentials, sandbox ? sandboxKeys.full : '<your LuaAuth API key>');
  const headers = { ...credential, 'x-upstream': 'report' };
  const ids = sandbox
    ? { scriptId: seeded.scriptId, placeId: String(seeded.placeId) }
    : { scriptId: '<script id>', placeId: '<place id>' };
  return { headers, tabs: createTabs({ ...ids, headers, readOnly }), inAdvance: true };
}

function visitorHeaders({ heldKey, gatewayKeys }: Credentials, callerKey: string): Record<string, string> {
  if (heldKey === undefined) return { token: callerKey };
  return gatewayKeys ? { authorization: 'Bearer <gateway key>' } : {};
}

function credentialAdvice({ heldKey, gatewayKeys }: Credentials): string {
  if (heldKey === undefined) return `send the header "token: ${sandboxKeys.full}"`;
  const sent = `the gateway sends LUAAUTH_TOKEN; the sandbox knows ${sandboxKeys.full}`;
  return gatewayKeys ? `send the header "authorization: Bearer <gateway key>"; ${sent}` : sent;
}

interface Running {
  readonly version: string;
  readonly server: RunningServer;
  readonly config: Config;
  readonly sandbox: Sandbox | undefined;
  readonly operation: Operation;
}

function announce({ version, server: { url }, config, sandbox, operation }: Running): void {
  const lines = [`luaauth-graphql ${version}`];
  if (sandbox) {
    lines.push(
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql${config.graphiql ? '  (open it in a browser for GraphiQL)' : ''}`,
      `  Key       ${credentialAdvice(config.credentials)}`,
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
    );
  } else {
    lines.push(`  GraphQL   ${url}/graphql`, `  LuaAuth   ${(config.apiUrl as URL).origin}`);
  }
  if (operation.metricsUrl) lines.push(`  Metrics   ${operation.metricsUrl}`);
  console.log(lines.join('\n'));
}
