import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featuresOf, removeFeature, withoutFeature } from '../../scripts/remove-feature.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { BUILDING, TYPESCRIPT } from '../support/processes/built.ts';
import { commandsOf, type Ended } from '../support/processes/commands-of.ts';
import { type Outcome, run } from '../support/processes/packed.ts';
import type { Variables } from '../support/processes/process.ts';
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

/** The composition root, and what imports it. */
const KNOWING_FEATURES = [
  'features/gateway-features.ts',
  'features/process-features.ts',
  'features/schema.ts',
  'index.ts',
  'main.ts',
];

const OTHER_KEYS = { LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'key-of-another-caller' };

/** The variables of a feature; the last one is named when the feature is gone. */
const VARIABLES: Readonly<Record<string, Variables>> = {
  agents: { ...OTHER_KEYS, PERSISTED_DOCUMENTS_FILE: 'documents.json', MCP: 'true' },
  audit: { AUDIT_LOG_FILE: 'audit.log' },
  dashboard: { DASHBOARD: 'true' },
  jwt: {
    ...OTHER_KEYS,
    GATEWAY_JWT_ISSUER: 'issuer',
    GATEWAY_JWT_AUDIENCE: 'audience',
    GATEWAY_JWKS_URL: 'http://127.0.0.1:9/keys',
  },
  metrics: { METRICS_PORT: '0' },
  online: { ...OTHER_KEYS, METRICS_SCRIPTS: 'script-1' },
  persisted: { PERSISTED_DOCUMENTS_FILE: 'documents.json', PERSISTED_DOCUMENTS: 'only' },
  redis: { REDIS_URL: 'redis://127.0.0.1:9' },
  tracing: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
};

describe('a build without', () => {
  let copy: string;
  let sandbox: Sandbox;
  /** One process makes all builds, and another process runs them, each in a folder of its own. */
  let bundler: ReturnType<typeof commandsOf>;
  let product: ReturnType<typeof commandsOf>;
  let types: Outcome;
  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), 'luaauth-graphql-without-'));
    for (const name of FILES)
      cpSync(join(ROOT, name), join(copy, name), { recursive: true, preserveTimestamps: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    types = await checkTypes(copy);
    bundler = commandsOf(join(copy, 'scripts/bundle.ts'), TYPESCRIPT);
    product = commandsOf(join(copy, 'dist/main.js'));
    sandbox = await startSandbox({ rate: 0 });
  });
  afterAll(async () => {
    await bundler?.end();
    await product?.end();
    await sandbox?.close();
    rmSync(copy, { recursive: true });
  });

  /** Takes a build away from where the next one is made. */
  function takeBuild(feature: string) {
    const folder = join(copy, 'builds', feature);
    mkdirSync(join(folder, 'dist'), { recursive: true });
    for (const name of readdirSync(join(copy, 'dist')).filter((file) => file.endsWith('.js')))
      renameSync(join(copy, 'dist', name), join(folder, 'dist', name));
    for (const name of ['schema', 'package.json', 'dist/page'])
      symlinkSync(join(ROOT, name), join(folder, name));
    writeFileSync(join(folder, 'documents.json'), '{"name":"{ __typename }"}');
    const run = (variables: Variables, args: readonly string[] = [], onPrint?: (stdout: string) => void) =>
      product.run(
        {
          module: join(folder, 'dist/main.js'),
          args,
          cwd: folder,
          variables: { PATH: process.env.PATH, PORT: '0', ...variables },
        },
        onPrint,
      );
    return {
      serve() {
        let ended: Promise<Ended> | undefined;
        const url = new Promise<string>((resolve, reject) => {
          ended = run({ LUAAUTH_API_URL: sandbox.url }, [], (stdout) => {
            const [, found] = /"url":"(http[^"]+)\/graphql"/.exec(stdout) ?? [];
            if (found !== undefined) resolve(found);
          });
          ended.then(reject, reject);
        });
        return { url, ended };
      },
      errorOf: async (variables: Variables, args?: readonly string[]) => (await run(variables, args)).stderr,
    };
  }

  it.each(features)('%s has its types, and serves the rest', async (feature) => {
    removeFeature(copy, feature);
    try {
      const built = await bundler.run({ args: [], cwd: copy, variables: BUILDING });
      for (const outcome of [types, built]) expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
      const { serve, errorOf } = takeBuild(feature);
      const { url, ended } = serve();
      expect(await answersOf(await url)).toEqual({ ...COMPLETE, ...CHANGED[feature] });
      product.signal('SIGTERM');
      expect(await ended).toMatchObject({ code: 0, stderr: '' });
      if (feature === 'commands')
        expect(await errorOf({}, ['check'])).toContain("error: unknown command 'check'");
      if (feature === 'sandbox')
        expect(await errorOf({})).toContain(
          'LUAAUTH_API_URL: not set, and this build lacks the feature sandbox',
        );
      const variables = VARIABLES[feature];
      if (!variables) return;
      const name = Object.keys(variables).at(-1);
      expect(await errorOf({ LUAAUTH_API_URL: sandbox.url, ...variables })).toBe(
        `${name} needs the feature ${feature}, which is not installed in this build. Leave ${name} out.\n`,
      );
    } finally {
      await product.interrupt();
      cpSync(join(ROOT, 'src/features'), join(copy, 'src/features'), { recursive: true });
    }
  });
});

/**
 * Checks the types of all builds at once: for each build, a copy of the files that know the features. The other files of a build
 * import none of its missing feature, as `architecture.test.ts` proves.
 */
function checkTypes(root: string): Promise<Outcome> {
  for (const feature of features) {
    const folder = join(root, 'src/without', feature);
    mkdirSync(join(folder, 'features'), { recursive: true });
    for (const path of KNOWING_FEATURES) {
      const up = path.includes('/') ? '../../../features/' : '../../';
      const text = withoutFeature(readFileSync(join(root, 'src', path), 'utf8'), feature);
      const moved = text.replaceAll(/(?<=')\.{1,2}\/[^']+\.ts(?=')/g, (to) =>
        KNOWING_FEATURES.includes(posix.join(posix.dirname(path), to)) ? to : up + to,
      );
      writeFileSync(join(folder, path), moved);
    }
  }
  const flags = ['-p', 'tsconfig.build.json', '--singleThreaded', '--noEmit'];
  return run(join(ROOT, 'node_modules/.bin/tsc'), flags, { cwd: root, env: BUILDING });
}

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
