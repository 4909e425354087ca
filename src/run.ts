import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import type { Config } from './config.ts';
import { createGateway } from './gateway.ts';
import { createTabs, type TabSubject } from './graphiql-tabs.ts';
import { sandboxKeys } from './sandbox/keys.ts';
import { seeded } from './sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from './sandbox/server.ts';
import { type RunningServer, startServer } from './server.ts';
import { createTransport } from './transport/index.ts';

/** How long calls that are under way may take to finish when the process is told to stop: longer than any write. */
const GRACE_MS = 30_000;
/** How long `/readiness` says 503 before the listener closes, so that a load balancer can look away first. */
const LAME_DUCK_MS = 100;

const SANDBOX_SUBJECT: TabSubject = {
  key: sandboxKeys.full,
  scriptId: seeded.scriptId,
  placeId: String(seeded.placeId),
};
const LIVE_SUBJECT: TabSubject = {
  key: '<your LuaAuth API key>',
  scriptId: '<script id>',
  placeId: '<place id>',
};

/** Runs the gateway until the process is told to stop. */
export async function run(config: Config): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const log = pino({ level: config.logLevel });
  const sandbox = config.apiUrl ? undefined : await startSandbox();
  const transport = createTransport({
    url: config.apiUrl ?? new URL((sandbox as Sandbox).url),
    userAgent: `luaauth-graphql/${version}`,
    rate: config.rate,
    freshMs: config.freshMs,
    staleMs: config.staleMs,
  });
  let ready = true;
  const gateway = createGateway({
    transport,
    credentials: config.credentials,
    timeouts: config.timeouts,
    operationTimeoutMs: config.operationTimeoutMs,
    readOnly: config.readOnly,
    limits: config.limits,
    maxBodyBytes: config.maxBodyBytes,
    corsOrigins: config.corsOrigins,
    graphiql: config.graphiql ? { tabs: createTabs(sandbox ? SANDBOX_SUBJECT : LIVE_SUBJECT) } : undefined,
    isReady: () => ready,
    log: { error: (error) => log.error({ err: error }, 'unexpected error') },
  });
  const server = await startServer({ listener: gateway, host: config.host, port: config.port }).catch(
    (error: NodeJS.ErrnoException) => {
      console.error(
        `Cannot listen on ${config.host}:${config.port} (${error.code}). Set HOST and PORT to a free address.`,
      );
      process.exit(1);
    },
  );
  announce(version, server, config, sandbox);

  const stop = async () => {
    ready = false;
    await new Promise((resolve) => setTimeout(resolve, LAME_DUCK_MS));
    await server.drain(GRACE_MS);
    await Promise.all([transport.close(), sandbox?.close()]);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(1));
      void stop();
    });
  }
}

function announce(
  version: string,
  { url }: RunningServer,
  config: Config,
  sandbox: Sandbox | undefined,
): void {
  const lines = [`luaauth-graphql ${version}`];
  if (sandbox) {
    lines.push(
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql${config.graphiql ? '  (open it in a browser for GraphiQL)' : ''}`,
      config.credentials.heldKey
        ? '  Key       the gateway sends LUAAUTH_TOKEN; the sandbox knows sandbox-key'
        : `  Key       send the header "token: ${sandboxKeys.full}"`,
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
    );
  } else {
    lines.push(`  GraphQL   ${url}/graphql`, `  LuaAuth   ${(config.apiUrl as URL).origin}`);
  }
  console.log(lines.join('\n'));
}
