import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { BUILDING, TYPESCRIPT } from '../support/processes/built.ts';
import { type Outcome, run } from '../support/processes/packed.ts';
import { startProcess, type Variables } from '../support/processes/process.ts';
import { featuresOf, removeFeature, withoutFeature } from '../support/repository/remove-feature.ts';
import { pathOf } from '../support/repository/repository.ts';

const ROOT = pathOf('.');
const features = featuresOf(ROOT);

/** What a gateway answers without federation, GraphiQL, live data, persisted documents and WebSockets. */
const WITHOUT_ALL = {
  read: 'Nightfall Hub',
  write: 'ToggleScriptSuccess',
  subscriptionType: undefined,
  entities: 'GRAPHQL_VALIDATION_FAILED',
  documentById: 'PERSISTED_DOCUMENTS_OFF',
  page: 'application/json; charset=utf-8',
  socket: 'ECONNRESET',
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

let copy: string;
let sandbox: Sandbox;
beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'luaauth-graphql-without-'));
  for (const name of FILES)
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  sandbox = await startSandbox({ rate: 0 });
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(copy, { recursive: true });
});

it('a build without any one of the features has its types', async () => {
  expect(await checkTypes(copy)).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe('a build without all features', () => {
  beforeAll(async () => {
    rmSync(join(copy, 'src/without'), { recursive: true, force: true });
    for (const feature of features) removeFeature(copy, feature);
    const flags = [...TYPESCRIPT, 'scripts/bundle.ts'];
    const built = await run(process.execPath, flags, { cwd: copy, env: BUILDING });
    expect(built).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  function start(variables: Variables, args: readonly string[] = []) {
    const command = [process.execPath, join(copy, 'dist/main.js')];
    const gateway = startProcess({ PORT: '0', ...variables }, undefined, { args, command });
    onTestFinished(gateway.kill);
    return gateway;
  }
  const refusal = async (variables: Variables, args?: readonly string[]) => {
    const { ended, output } = start(variables, args);
    expect(await ended).toBeGreaterThan(0);
    return output.stderr;
  };

  it('serves the rest', async () => {
    const gateway = start({ LUAAUTH_API_URL: sandbox.url });
    expect(await answersOf(await gateway.listening())).toEqual(WITHOUT_ALL);
    gateway.signal('SIGTERM');
    expect([await gateway.ended, gateway.output.stderr]).toEqual([0, '']);
  });

  it('lacks the commands, and the sandbox', async () => {
    expect(await refusal({}, ['check'])).toContain("error: unknown command 'check'");
    expect(await refusal({})).toContain('LUAAUTH_API_URL: not set, and this build lacks the feature sandbox');
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

async function answersOf(url: string): Promise<Record<keyof typeof WITHOUT_ALL, unknown>> {
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

/** How a request for a WebSocket ends: the status of the answer, or the code of the error. */
async function askForSocket(url: string): Promise<unknown> {
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
  try {
    const [response] = await Promise.race([once(asking, 'upgrade'), once(asking, 'response')]);
    return response.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    asking.destroy();
  }
}
