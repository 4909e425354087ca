import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featuresOf, removeFeature } from '../../scripts/remove-feature.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { BUILDING, TYPESCRIPT } from '../support/processes/built.ts';
import { commandsOf } from '../support/processes/commands-of.ts';
import { run } from '../support/processes/packed.ts';
import { startProcess, type Variables } from '../support/processes/process.ts';
import { pathOf } from '../support/repository/repository.ts';

const ROOT = pathOf('.');
const features = featuresOf(ROOT);

/** A gateway with every feature answers so. */
const COMPLETE = {
  read: 'Nightfall Hub',
  write: 'ToggleScriptSuccess',
  subscriptionType: 'Subscription',
  entities: 'BAD_USER_INPUT',
  documentById: 'PERSISTED_DOCUMENT_NOT_FOUND',
  page: 'text/html; charset=utf-8',
  socket: 101,
};

/** The answers that change when a feature is gone. */
const CHANGED: Readonly<Record<string, Partial<Record<keyof typeof COMPLETE, unknown>>>> = {
  federation: { entities: 'GRAPHQL_VALIDATION_FAILED' },
  graphiql: { page: 'application/json; charset=utf-8' },
  live: { subscriptionType: undefined },
  persisted: { documentById: 'PERSISTED_DOCUMENTS_OFF' },
  websocket: { socket: 404 },
};

const FILES = [
  'src',
  'schema',
  'dist',
  'scripts/bundle.ts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

const OTHER_KEYS = { LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'key-of-another-caller' };

/** The variables of a feature; the last one is named when the feature is gone. */
const VARIABLES: Readonly<Record<string, Variables>> = {
  agents: { ...OTHER_KEYS, MCP_ARBITRARY: 'true', MCP: 'true' },
  audit: { AUDIT_LOG_FILE: 'audit.log' },
  dashboard: { DASHBOARD: 'true' },
  graphiql: { NODE_ENV: 'production', GRAPHIQL: 'true' },
  jwt: {
    ...OTHER_KEYS,
    GATEWAY_JWT_ISSUER: 'issuer',
    GATEWAY_JWT_AUDIENCE: 'audience',
    GATEWAY_JWKS_URL: 'http://127.0.0.1:9/keys',
  },
  live: { LIVE_RATE: '5' },
  metrics: { METRICS_PORT: '0' },
  online: { ...OTHER_KEYS, METRICS_SCRIPTS: 'script-1' },
  persisted: { PERSISTED_DOCUMENTS_FILE: 'documents.json', PERSISTED_DOCUMENTS: 'only' },
  redis: { REDIS_URL: 'redis://127.0.0.1:9' },
  tracing: { OTEL_TRACES_EXPORTER: 'otlp' },
};

describe('a build without', () => {
  let copy: string;
  let sandbox: Sandbox;
  /** One process for all builds. The product cannot run so: its parts of two builds would be mixed. */
  let bundler: ReturnType<typeof commandsOf>;
  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), 'luaauth-graphql-without-'));
    for (const name of FILES)
      cpSync(join(ROOT, name), join(copy, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    bundler = commandsOf(join(copy, 'scripts/bundle.ts'), TYPESCRIPT);
    sandbox = await startSandbox({ rate: 0 });
  });
  afterAll(async () => {
    await bundler?.end();
    await sandbox?.close();
    rmSync(copy, { recursive: true });
  });

  const start = (variables: Variables, args: readonly string[] = []) =>
    startProcess(
      { PORT: '0', ...variables },
      (folder) => writeFileSync(join(folder, 'documents.json'), '{"name":"{ __typename }"}'),
      args,
      'pipe',
      undefined,
      process.execPath,
      join(copy, 'dist/main.js'),
    );

  /** Starts a process that ends by itself. */
  async function outputOf(variables: Variables, args?: readonly string[]): Promise<string> {
    const ending = start(variables, args);
    try {
      await ending.ended;
      return ending.output.stderr;
    } finally {
      await ending.kill();
    }
  }

  /** Checks the types of what the missing feature changes, which keeps one thread busy, and builds. */
  async function build() {
    const options = { cwd: copy, env: BUILDING };
    const flags = ['-p', 'tsconfig.build.json', '--singleThreaded'];
    const types = await run(join(ROOT, 'node_modules/.bin/tsc'), flags, options);
    return types.code === 0 ? bundler.run({ args: [], cwd: copy, variables: BUILDING }) : types;
  }

  it.each(features)('%s has its types, and serves the rest', async (feature) => {
    removeFeature(copy, feature);
    try {
      expect(await build()).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(existsSync(join(copy, 'dist/features', feature))).toBe(false);
      const gateway = start({ LUAAUTH_API_URL: sandbox.url });
      try {
        expect(await answersOf(await gateway.listening())).toEqual({ ...COMPLETE, ...CHANGED[feature] });
      } finally {
        await gateway.kill();
      }
      if (feature === 'commands')
        expect(await outputOf({}, ['check'])).toContain("error: unknown command 'check'");
      if (feature === 'sandbox')
        expect(await outputOf({})).toContain(
          'LUAAUTH_API_URL: not set, and this build lacks the feature sandbox',
        );
      const variables = VARIABLES[feature];
      if (!variables) return;
      const name = Object.keys(variables).at(-1);
      expect(await outputOf({ LUAAUTH_API_URL: sandbox.url, ...variables })).toBe(
        `${name} needs the feature ${feature}, which is not installed in this build. Leave ${name} out.\n`,
      );
    } finally {
      cpSync(join(ROOT, 'src/features'), join(copy, 'src/features'), { recursive: true });
    }
  });
});

async function answersOf(url: string): Promise<Record<keyof typeof COMPLETE, unknown>> {
  const post = async (body: object) => {
    const headers = { 'content-type': 'application/json', token: 'sandbox-key' };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.json();
  };
  const id = JSON.stringify(seeded.scriptId);
  const read = await post({ query: `{ script(id: ${id}) { name } }` });
  const write = await post({
    query: `mutation { toggleScript(input: { id: ${id}, enabled: true }) { __typename } }`,
  });
  const schema = await post({ query: '{ __schema { subscriptionType { name } } }' });
  const entities = await post({ query: '{ _entities(representations: [{}]) { __typename } }' });
  const byId = await post({ documentId: 'nobody-listed-this' });
  const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
  await page.body?.cancel();
  return {
    read: read.data.script.name,
    write: write.data?.toggleScript.__typename,
    subscriptionType: schema.data.__schema.subscriptionType?.name,
    entities: entities.errors[0].extensions.code,
    documentById: byId.errors[0].extensions.code,
    page: page.headers.get('content-type'),
    socket: await askForSocket(url),
  };
}

/** The status of the answer to a request for a WebSocket. */
async function askForSocket(url: string): Promise<number | undefined> {
  const asking = request(`${url}/graphql`, {
    headers: {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': 'graphql-transport-ws',
    },
  });
  asking.end();
  const [response] = await Promise.race([once(asking, 'upgrade'), once(asking, 'response')]);
  asking.destroy();
  return response.statusCode;
}
