import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXAMPLE } from '../support/clients/agent.ts';
import { installPacked, run } from '../support/processes/packed.ts';
import { textOf } from '../support/repository/repository.ts';
import { eventually } from '../support/vitest/waiting.ts';

// Packing builds, and installing may have to download.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 600_000 });

const manifest = JSON.parse(textOf('package.json'));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

let product: Awaited<ReturnType<typeof installPacked>>;
beforeAll(async () => {
  product = await installPacked();
});
afterAll(() => product.remove());

let serving: ChildProcess | undefined;
afterEach(() => {
  serving?.kill('SIGKILL');
});

async function packedFiles(): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', product.tarball], {});
  return stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
}

it('packs what runs, its types and what is to be read, and nothing else', async () => {
  expect(product.packing.code).toBe(0);
  const files = await packedFiles();
  expect(files).toEqual(
    expect.arrayContaining(['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'docs/configuration.md']),
  );
  const outside = files.filter((path) => !/^dist\/.*\.(js|d\.ts)$|^docs\/(recipes\/)?[\w-]+\.md$/.test(path));
  expect(outside.map((path) => path.replace(/-[\w-]{8}(?=\.)/, '-<hash>')).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'dashboard/dist/assets/index-<hash>.css',
    'dashboard/dist/assets/index-<hash>.js',
    'dashboard/dist/index.html',
    'dist/page/LICENSES.md',
    'dist/page/page.json',
    'dist/page/style-<hash>.css',
    'docs/images/dashboard.png',
    'docs/images/graphiql.png',
    ...[...EXAMPLE.keys()].map((name) => `examples/agents/documents/${name}.graphql`).sort(),
    'package.json',
    'schema/introspection.d.ts',
    'schema/possible-types.d.ts',
    'schema/possible-types.js',
    'schema/relay.graphql',
    'schema/schema.graphql',
    'schema/subgraph.graphql',
    'schema/types.d.ts',
  ]);
});

it('has no maps, and is line for line what a clone builds with them', async () => {
  const code = (await packedFiles()).filter((path) => /^dist\/(?!page\/).*\.(js|d\.ts)$/.test(path));
  expect(code.length).toBeGreaterThan(300);
  const packed = (path: string) =>
    readFileSync(join(product.user, 'node_modules/luaauth-graphql', path), 'utf8').trimEnd();
  const withoutMap = (text: string) => text.replace(/\n\/\/# sourceMappingURL=\S+$/, '').trimEnd();
  expect(code.filter((path) => packed(path) !== withoutMap(textOf(path).trimEnd()))).toEqual([]);
});

it('leads from the README and its pages to nothing that is not packed or on the web', async () => {
  const files = await packedFiles();
  const pages = files.filter((path) => /^(README|CHANGELOG|docs\/.+)\.md$/.test(path));
  expect(pages.length).toBeGreaterThan(20);
  const dead = pages.flatMap((page) => {
    const text = readFileSync(join(product.user, 'node_modules/luaauth-graphql', page), 'utf8');
    return [...text.matchAll(/\]\((?!https:)([^)#]+)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !files.includes(posix.join(posix.dirname(page), link)))
      .map((link) => `${page}: ${link}`);
  });
  expect(dead).toEqual([]);
});

it('installs into an empty folder without a warning', () => {
  expect([product.installing.code, product.installing.stderr]).toEqual([0, '']);
});

it('has nothing for publint to complain about', async () => {
  const tarball = readFileSync(product.tarball);
  const { messages } = await publint({
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
    strict: true,
  });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
});

it('runs by npx: the version, and the schema', async () => {
  const options = { cwd: product.user };
  expect(await run('npx', ['luaauth-graphql', '--version'], options)).toEqual({
    code: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  });
  const { stdout } = await run('npx', ['luaauth-graphql', 'schema'], options);
  expect(stdout).toBe(textOf('schema/schema.graphql'));
});

describe('what is installed serves', () => {
  /** One for all that only ask. */
  let whole: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    whole = await serve(product.user, '--dashboard');
  });
  afterAll(() => void whole?.child.kill('SIGKILL'));

  it('over the sandbox that it brings along', async () => {
    expect(await askName(whole.endpoint, whole.key)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  });

  it('the GraphiQL page that it brings along, and runs where that is left out', async () => {
    const page = async (endpoint: string) => fetch(endpoint, { headers: { accept: 'text/html' } });
    const html = await (await page(whole.endpoint)).text();
    const [, script = ''] = / src="([^"]+)"/.exec(html) ?? [];
    const { status, headers } = await fetch(new URL(script, whole.endpoint));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);

    const folder = join(product.user, 'node_modules/luaauth-graphql/dist/page');
    renameSync(folder, `${folder}.away`);
    try {
      const { child, endpoint, key, ended } = await serve(product.user);
      serving = child;
      const missing = await page(endpoint);
      expect([missing.status, await missing.text()]).toEqual([
        404,
        'This installation lacks the GraphiQL page. "npm run build" in the repository makes it; GRAPHIQL=false turns this answer off.\n',
      ]);
      expect(await askName(endpoint, key)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
      renameSync(`${folder}.away`, folder);
      expect((await page(endpoint)).status).toBe(200);
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      if (existsSync(`${folder}.away`)) renameSync(`${folder}.away`, folder);
    }
  });

  it('the dashboard that it brings along, and says how to build one that is not there or cannot be read', async () => {
    const { endpoint } = whole;
    const page = await (await fetch(new URL('/dashboard', endpoint))).text();
    const [, script = ''] = /src="\.\/([^"]+)"/.exec(page) ?? [];
    const { status, headers } = await fetch(new URL(script, `${new URL('/dashboard/', endpoint)}`));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    const dist = join(product.copy, 'dashboard/dist');
    rmSync(dist, { recursive: true });
    for (const code of ['ENOENT', 'ENOTDIR']) {
      if (code === 'ENOTDIR') writeFileSync(dist, '');
      const clone = await run(process.execPath, ['dist/main.js', '--port', '0', '--dashboard'], {
        cwd: product.copy,
      });
      expect([clone.code, clone.stderr.replace(/"[^"]+dist\/"/, '"dist/"')]).toEqual([
        1,
        `DASHBOARD is true, but "dist/" has no readable dashboard (${code}). Run "npm run dashboard" in the repository, or leave DASHBOARD out.\n`,
      ]);
    }
  });
});

it.each([
  ['without the package for them', ['serve', '--port', '0', '--mcp'], undefined],
  ['with another version of it', ['mcp'], '1.0.0'],
])('starts no tools for agents %s, and says the command that installs it', async (_how, args, version) => {
  const packages = join(product.user, 'node_modules');
  const another = join(packages, '@modelcontextprotocol/server');
  expect(existsSync(another)).toBe(false);
  if (version !== undefined) {
    mkdirSync(another, { recursive: true });
    writeFileSync(join(another, 'package.json'), JSON.stringify({ version, main: 'index.js' }));
    writeFileSync(join(another, 'index.js'), '');
  }
  const list = join(product.user, 'tools.json');
  writeFileSync(list, JSON.stringify({ a: 'query a { rateLimit { limit } }' }));
  const env = {
    PATH: process.env.PATH,
    LUAAUTH_SANDBOX: 'true',
    LUAAUTH_TOKEN: 'sandbox-key',
    GATEWAY_KEYS: 'bot=agent-key-0123456789',
    GATEWAY_KEY: 'agent-key-0123456789',
    PERSISTED_DOCUMENTS_FILE: list,
  };
  const bin = join(packages, 'luaauth-graphql/dist/main.js');
  const { code, stdout, stderr } = await run(process.execPath, [bin, ...args], { cwd: product.user, env });
  rmSync(join(packages, '@modelcontextprotocol'), { recursive: true, force: true });
  expect([code, stdout, stderr]).toEqual([
    1,
    '',
    'MCP needs a package that is not installed. Run "npm install @modelcontextprotocol/server@2", or leave MCP out.\n',
  ]);
});

it.each([
  ['METRICS_PORT', '9464', 'a package that is', 'prom-client@15'],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'http://127.0.0.1:4318',
    'packages that are',
    '@opentelemetry/api@1.9 @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223',
  ],
])(
  'does not start with %s without the packages for it, and says the command that installs them',
  async (...row) => {
    const [variable, value, what, packages] = row;
    const env = { PATH: process.env.PATH, LUAAUTH_SANDBOX: 'true', PORT: '0', [variable]: value };
    const bin = join(product.user, 'node_modules/luaauth-graphql/dist/main.js');
    const { code, stdout, stderr } = await run(process.execPath, [bin], { cwd: product.user, env });
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      `${variable} needs ${what} not installed. Run "npm install ${packages}", or leave ${variable} out.\n`,
    ]);
  },
);

/** Starts what is installed in a folder, over its sandbox. */
async function serve(folder: string, ...args: string[]) {
  const child = spawn(join(folder, 'node_modules/.bin/luaauth-graphql'), ['--port', '0', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let stdout = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text;
  });
  await vi.waitFor(() => expect(stdout).toContain('started'), { timeout: 60_000 });
  const { url: endpoint } = JSON.parse(stdout) as { url: string };
  return { child, endpoint, key: 'sandbox-key', ended };
}

async function askName(endpoint: string, token: string): Promise<unknown> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token },
    body: '{"query":"{ script(id: \\"9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk\\") { name } }"}',
  });
  return answer.json();
}

it('npx passes SIGTERM on to the gateway', async () => {
  serving = spawn('npx', ['luaauth-graphql'], {
    cwd: product.user,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(serving.stdout as Readable, 'close');
  const lines = createInterface(serving.stdout as Readable)[Symbol.asyncIterator]();
  const nextLine = async () => JSON.parse((await lines.next()).value);
  const { pid } = await nextLine();
  serving.kill('SIGTERM');
  expect(await nextLine()).toMatchObject({ pid, signal: 'stop', msg: 'stopping' });
  expect(await nextLine()).toMatchObject({ pid, msg: 'stopped' });
  await ended;
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
});

describe('npm start', () => {
  it('before npm ci says what to do', async () => {
    const cwd = join(product.copy, '..', 'fresh');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
    for (const script of ['start', 'run dev', 'test']) {
      const { code, stderr } = await run('npm', script.split(' '), { cwd });
      expect([script, code, stderr]).toEqual([
        script,
        1,
        'The packages are not installed yet. Run "npm ci" first, then this again.\n',
      ]);
    }
  });

  it('passes on the signal to stop', async () => {
    // It is built already.
    serving = spawn('npm', ['start', '--silent', '--ignore-scripts'], {
      cwd: product.copy,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(serving, 'exit');
    const lines = createInterface(serving.stdout as Readable)[Symbol.asyncIterator]();
    const nextLine = async () => JSON.parse((await lines.next()).value);
    const { pid } = await nextLine();
    serving.kill('SIGTERM');
    expect(await nextLine()).toMatchObject({ pid, signal: 'SIGTERM', msg: 'stopping' });
    expect(await nextLine()).toMatchObject({ pid, msg: 'stopped' });
    await ended;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

const USE = `
import { createGateway, createTransport, type Gateway, type Transport } from 'luaauth-graphql';
import { createSchema } from 'luaauth-graphql/schema';
import { type Sandbox, sandboxKeys, seeded, startSandbox } from 'luaauth-graphql/sandbox';

const sandbox: Sandbox = await startSandbox();
const transport: Transport = createTransport({ url: sandbox.url });
const gateway: Gateway = createGateway({ transport });
const response: Response = await gateway.fetch('http://localhost/graphql', {
  method: 'POST',
  headers: { 'content-type': 'application/json', token: sandboxKeys.full },
  body: JSON.stringify({ query: \`{ script(id: "\${seeded.scriptId}") { name } }\` }),
});
// @ts-expect-error a transport is needed
const without = () => createGateway({});
console.log(await response.text(), createSchema().getType('Script')?.name, typeof without);
await transport.close();
await sandbox.close();
`;

it('compiles in TypeScript through its exports, with the types of its packages', async () => {
  const file = join(product.user, 'use.ts');
  writeFileSync(file, USE);
  // examples/embed/README.md says why these two.
  const strict = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', 'false'];
  const forYoga = ['--lib', 'es2023,esnext.disposable', '--strictBuiltinIteratorReturn', 'false'];
  // Types of Node alone, as a user has them: not those that this repository has for its own use.
  const nodeTypes = fileURLToPath(new URL('../../node_modules/@types/node', import.meta.url));
  const typeRoots = join(product.user, 'types');
  mkdirSync(typeRoots, { recursive: true });
  symlinkSync(nodeTypes, join(typeRoots, 'node'));
  const types = ['--types', 'node', '--typeRoots', typeRoots];
  const compiled = await run(process.execPath, [TSC, ...strict, ...forYoga, ...types, file], {
    cwd: product.user,
  });
  expect([compiled.code, compiled.stdout]).toEqual([0, '']);
  expect(await run(process.execPath, ['use.js'], { cwd: product.user })).toEqual({
    code: 0,
    stdout: '{"data":{"script":{"name":"Nightfall Hub"}}} Script function\n',
    stderr: '',
  });
});

it('types a client by gql.tada and by graphql-codegen, as docs/typed-clients.md shows', async () => {
  const folder = join(product.user, 'typed');
  const packages = join(folder, 'node_modules');
  mkdirSync(packages, { recursive: true });
  const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
  for (const name of ['gql.tada', '@graphql-codegen', '@graphql-typed-document-node', 'graphql'])
    symlinkSync(join(modules, name), join(packages, name));
  symlinkSync(join(product.user, 'node_modules/luaauth-graphql'), join(packages, 'luaauth-graphql'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = [...textOf('docs/typed-clients.md').matchAll(/`(\w+\.ts)`:\n\n```ts\n([\s\S]*?)```/g)];
  expect(files.map(([, name]) => name)).toEqual(['tada.ts', 'codegen.ts', 'preset.ts']);
  for (const [, name = '', text = ''] of files) writeFileSync(join(folder, name), text);

  const codegen = join(modules, '@graphql-codegen/cli/esm/bin.js');
  const generated = await run(process.execPath, [codegen, '--config', 'codegen.ts'], { cwd: folder });
  expect([generated.code, generated.stderr]).toEqual([0, expect.any(String)]);
  // As with a bundler. Node's way of finding types is that of the test above.
  const strict = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--target', 'es2022'];
  const compile = (file: string) =>
    run(process.execPath, [TSC, ...strict, '--types', '', file], { cwd: folder });
  for (const file of ['tada.ts', 'preset.ts']) {
    const { code, stdout } = await compile(file);
    expect([file, code, stdout]).toEqual([file, 0, '']);
    const wrong = readFileSync(join(folder, file), 'utf8').replace(/robloxId }|\.message/g, (found) =>
      found === '.message' ? '.massage' : 'robloxIdd }',
    );
    writeFileSync(join(folder, `wrong-${file}`), wrong);
    expect((await compile(`wrong-${file}`)).stdout).toMatch(/robloxIdd|massage/);
  }
});

it('exports the types of each interface, for the caches of clients', async () => {
  const script = `import { possibleTypes } from 'luaauth-graphql/possible-types';
console.log(JSON.stringify([possibleTypes.LiveEvent, possibleTypes.Refusal.includes('NotPermitted')]));`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await run(process.execPath, args, { cwd: product.user });
  expect(JSON.parse(stdout)).toEqual([expect.arrayContaining(['SessionsSnapshot']), true]);
});

it('exports nothing but what is meant to be used', async () => {
  const script = `import('luaauth-graphql/dist/config.js').catch(({ code }) => console.log(code))`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: product.user });
  expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
});
