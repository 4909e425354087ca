import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../src/features/sandbox/server.ts';
import { useFolder } from '../support/gateways/configured.ts';
import { filesWith, INDEX, MAIN } from '../support/processes/built.ts';

/** Writes down each module that is loaded, in a file: a pipe whose reader is slow may take no more. */
const HOOK = `
  import { appendFileSync } from 'node:fs';
  export async function load(url, context, next) {
    appendFileSync(process.env.LOADED, url + '\\n');
    return next(url, context);
  }`;
const moduleOf = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
/** The hook does not see what `require` loads. */
const WATCH = moduleOf(`
  import { appendFileSync } from 'node:fs';
  import { createRequire, register } from 'node:module';
  register(${JSON.stringify(moduleOf(HOOK))});
  process.on('exit', () =>
    appendFileSync(process.env.LOADED, Object.keys(createRequire('/').cache).join('\\n')));`);

const folder = useFolder();

/** Runs Node, and gives what it prints and what it has loaded. */
async function runWatched(...args: string[]) {
  const LOADED = join(folder.path, 'loaded');
  const options = { cwd: folder.path, env: { ...process.env, LOADED } };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', WATCH, ...args], options);
  return { stdout, loaded: readFileSync(LOADED, 'utf8') };
}

/** Whether a file with this module of `src/` was loaded. */
const isLoaded = (source: string, loaded: string) =>
  filesWith(source).some((name) => loaded.includes(`/dist/${name}\n`));

it('a gateway loads Yoga, and nothing that only some gateways need', async () => {
  const sandbox = await startSandbox({ rate: 0 });
  const code = `
    import { createServer } from 'node:http';
    import { createGateway, createTransport } from ${JSON.stringify(INDEX)};
    const transport = createTransport({ url: ${JSON.stringify(sandbox.url)} });
    const gateway = createGateway({ transport });
    const server = createServer(gateway);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = 'http://127.0.0.1:' + server.address().port + '/graphql';
    console.log(await (await fetch(new URL('/health', url))).text());
    const headers = { 'content-type': 'application/json', token: 'sandbox-key' };
    const body = JSON.stringify({ query: '{ script(id: "${seeded.scriptId}") { name } }' });
    console.log(await (await fetch(url, { method: 'POST', headers, body })).text());
    console.log(await (await fetch(url + '?query={__typename}', { headers })).text());
    console.log(await (await gateway.fetch(url + '?query={__typename}', { headers })).text());
    process.exit();`;
  try {
    const { stdout, loaded } = await runWatched('--input-type=module', '-e', code);
    expect(stdout).toBe(
      '{"status":"ok"}\n{"data":{"script":{"name":"Nightfall Hub"}}}\n{"data":{"__typename":"Query"}}\n{"data":{"__typename":"Query"}}\n',
    );
    expect(isLoaded('http/node.ts', loaded)).toBe(true);
    expect(loaded).toContain('node_modules/graphql-yoga');
    // As ES modules, Yoga and its packages take 70 ms more of each start.
    expect(loaded).not.toMatch(/graphql-yoga\/esm|@graphql-tools\/\w+\/esm|@whatwg-node\/server\/esm/);
    expect(loaded).not.toMatch(/@pothos\/[\w-]+\/esm/);
    expect(loaded).not.toMatch(/node_modules\/ws\//);
    expect(isLoaded('features/sandbox/server.ts', loaded)).toBe(false);
  } finally {
    await sandbox.close();
  }
});

it.each([
  ['--help', ['--help'], ''],
  ['a start with a wrong variable', [], 'PORT=none'],
])('loads nothing of GraphQL: %s', async (_what, args, dotEnv) => {
  folder.write('.env', dotEnv);
  await runWatched(MAIN, ...args).catch(({ code, stderr }) =>
    expect([code, stderr]).toEqual([1, expect.stringContaining('PORT')]),
  );
  const loaded = readFileSync(join(folder.path, 'loaded'), 'utf8');
  expect(isLoaded('cli/program.ts', loaded)).toBe(true);
  expect(loaded).not.toContain('node_modules/graphql');
});

it('a query at the command line needs no server', async () => {
  folder.write('read.graphql', '{ __typename }');
  const { stdout, loaded } = await runWatched(MAIN, 'query', 'read.graphql', '--sandbox');
  expect(stdout).toBe('{"data":{"__typename":"Query"}}\n');
  expect(isLoaded('features/commands/query/own-gateway.ts', loaded)).toBe(true);
  expect(isLoaded('server/listen.ts', loaded)).toBe(false);
});

it("V8 does not compile undici's parser a second time, which takes 36 MB", async () => {
  const sandbox = await startSandbox({ rate: 0 });
  const ids = [seeded.scriptId, ...Array.from({ length: 40 }, (_, index) => `unknown-${index}`)];
  const reads = ids.map((id, index) => `read${index}: script(id: "${id}") { name }`);
  folder.write('read.graphql', `{ ${reads.join(' ')} }`);
  const tellPeak = moduleOf(`
    import { getHeapStatistics } from 'node:v8';
    process.on('exit', () => console.error('peak', getHeapStatistics().peak_malloced_memory));`);
  const env = {
    ...process.env,
    LUAAUTH_API_URL: sandbox.url,
    LUAAUTH_TOKEN: 'sandbox-key',
  };
  const args = ['--import', tellPeak, MAIN, 'query', 'read.graphql'];
  const options = { cwd: folder.path, env };
  try {
    const { stderr } = await promisify(execFile)(process.execPath, args, options).catch((error) => error);
    expect(Number(/^peak (\d+)$/m.exec(stderr)?.[1])).toBeLessThan(15_000_000);
    expect(sandbox.calls).toHaveLength(ids.length);
  } finally {
    await sandbox.close();
  }
});

it('what V8 compiles is kept beside the code for the next start, where Node can', async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [MAIN, '--version'], { env: {} });
  expect(stderr).toBe('');
  const isKept = existsSync(new URL('.compiled', INDEX));
  // Another version of Node may have left it.
  expect(isKept || !('enableCompileCache' in module)).toBe(true);
});
