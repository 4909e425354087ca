import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { installPacked, run } from './support/packed.ts';
import { startOnTerminal } from './support/terminal.ts';
import { eventually } from './support/waiting.ts';

// Packing builds, and installing may have to download.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 600_000 });

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const TSC = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

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

it('packs what runs, its types, its sources and what is to be read, and nothing else', async () => {
  expect(product.packing.code).toBe(0);
  const files = await packedFiles();
  expect(files).toEqual(
    expect.arrayContaining(['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']),
  );
  const outside = files.filter((path) => !/^dist\/.*\.(js|d\.ts)(\.map)?$|^src\/.*\.ts$/.test(path));
  expect(outside.sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'package.json',
    'schema/schema.graphql',
    'schema/subgraph.graphql',
  ]);
});

it('logs JSON on a terminal as well where what formats it is not installed', async () => {
  const packages = join(product.user, 'node_modules');
  expect(existsSync(join(packages, 'pino-pretty'))).toBe(false);
  const terminal = startOnTerminal({ PORT: '0' }, join(packages, 'luaauth-graphql/dist/main.js'));
  try {
    const address = () => /GraphQL {3}(http\S+)/.exec(terminal.lines().join('\n'))?.[1];
    await eventually(() => expect(address()).toBeDefined());
    const headers = { 'content-type': 'application/json' };
    await fetch(address() ?? '', { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
    await eventually(() => {
      const line = terminal.lines().find((text) => text.includes('"msg":"operation"')) ?? '{}';
      expect(JSON.parse(line)).toMatchObject({ operationType: 'query', status: 200 });
    });
  } finally {
    await terminal.kill();
  }
});

it('has maps of code and types, and each leads to a packed source by a path inside the package', async () => {
  const files = await packedFiles();
  const compiled = files.filter((path) => /^dist\/.*(\.js|\.d\.ts)$/.test(path));
  expect(compiled.map((path) => `${path}.map`).filter((path) => !files.includes(path))).toEqual([]);
  const root = join(product.user, 'node_modules/luaauth-graphql');
  const maps = files.filter((path) => path.endsWith('.map'));
  const sources = maps.flatMap((path) => {
    const map = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
      sources: string[];
      sourceRoot: string;
    };
    return map.sources.map((source) => posix.join(posix.dirname(path), map.sourceRoot, source));
  });
  expect(sources).toHaveLength(maps.length);
  expect(sources.filter((path) => !files.includes(path))).toEqual([]);
});

it('shows the line of the source in a stack where Node is asked to, and the built one elsewhere', async () => {
  const script = `import { createTransport } from 'luaauth-graphql'; createTransport({ url: 'no url' });`;
  const stackOf = async (...flags: string[]) => {
    const args = [...flags, '--input-type=module', '-e', script];
    return (await run(process.execPath, args, { cwd: product.user })).stderr;
  };
  const [mapped, built] = [await stackOf('--enable-source-maps'), await stackOf()];
  const root = join(product.user, 'node_modules/luaauth-graphql');
  const [, file = '', line] = new RegExp(`${root}/(src/[\\w/-]+\\.ts):(\\d+)`).exec(mapped) ?? [];
  const source = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').split('\n');
  expect(source[Number(line) - 1]).toContain('new URL(');
  expect(built).toContain(`${root}/dist/`);
  expect(built).not.toContain('.ts:');
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
  expect(stdout).toBe(readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8'));
});

it('serves, over the sandbox that it brings along', async () => {
  const { endpoint, key, ended } = await serve(product.user);
  expect(await askName(endpoint, key)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  serving?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

it('serves without the optional packages too, and tells a browser what is missing', async () => {
  const folder = await product.installLess();
  expect(existsSync(join(folder, 'node_modules/@graphql-yoga/render-graphiql'))).toBe(false);
  const { endpoint, key, ended } = await serve(folder);
  const page = await fetch(endpoint, { headers: { accept: 'text/html' } });
  expect([page.status, await page.text()]).toEqual([
    404,
    'GraphiQL is not installed here: install @graphql-yoga/render-graphiql, or set GRAPHIQL=false.\n',
  ]);
  expect(await askName(endpoint, key)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  serving?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

/** Starts what is installed in a folder, over its sandbox. */
async function serve(folder: string) {
  const child = spawn(join(folder, 'node_modules/.bin/luaauth-graphql'), ['--port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  serving = child;
  const ended = once(child, 'exit');
  let stdout = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text;
  });
  await vi.waitFor(() => expect(stdout).toContain('started'), { timeout: 60_000 });
  const { url: endpoint } = JSON.parse(stdout) as { url: string };
  return { endpoint, key: 'sandbox-key', ended };
}

async function askName(endpoint: string, token: string): Promise<unknown> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token },
    body: '{"query":"{ script(id: \\"65f1c0de0000000000000001\\") { name } }"}',
  });
  return answer.json();
}

describe('npm start', () => {
  it('before npm ci says what to do', async () => {
    const cwd = join(product.copy, '..', 'fresh');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
    for (const script of ['start', 'run dev', 'run sandbox', 'test']) {
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

it('is used from TypeScript through its exports, with types that hold', async () => {
  const file = join(product.user, 'use.ts');
  writeFileSync(file, USE);
  const strict = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023',
    '--skipLibCheck',
  ];
  const types = [
    '--types',
    'node',
    '--typeRoots',
    fileURLToPath(new URL('../node_modules/@types', import.meta.url)),
  ];
  const compiled = await run(process.execPath, [TSC, ...strict, ...types, file], { cwd: product.user });
  expect([compiled.code, compiled.stdout]).toEqual([0, '']);
  expect(await run(process.execPath, ['use.js'], { cwd: product.user })).toEqual({
    code: 0,
    stdout: '{"data":{"script":{"name":"Nightfall Hub"}}} Script function\n',
    stderr: '',
  });
});

it('exports nothing but what is meant to be used', async () => {
  const script = `import('luaauth-graphql/dist/config.js').catch(({ code }) => console.log(code))`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: product.user });
  expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
});
