import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { jsonPost } from '../support/clients/json-post.ts';
import { installPacked, run } from '../support/processes/packed.ts';
import { pathOf } from '../support/repository/repository.ts';

/** A program of the packages beside this file. */
const programOf = (path: string) => pathOf(`test/installs/node_modules/${path}`);

const QUERY = '{ script(id: "9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk") { name } }';
const ANSWER = { data: { script: { name: 'Nightfall Hub' } } };
/** What a query says on stderr over the sandbox. */
const SANDBOX_LINE = 'Sandbox: made-up data. Nothing reaches LuaAuth.\n';
const SANDBOX = { LUAAUTH_SANDBOX: 'true', LUAAUTH_TOKEN: 'sandbox-key' };

let product: Awaited<ReturnType<typeof installPacked>>;
let directory: string;
let document: string;
let registry: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-installs-'));
  document = join(directory, 'document.graphql');
  writeFileSync(document, QUERY);
  product = await installPacked();
  registry = (await run('npm', ['config', 'get', 'registry'], {})).stdout.trim();
});
after(() => {
  product.remove();
  rmSync(directory, { recursive: true });
});

/** An empty project, and an environment in which package managers keep nothing outside of it. */
function project(name: string) {
  const cwd = mkdtempSync(join(directory, `${name}-`));
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    NO_COLOR: '1',
    npm_config_registry: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_ENABLE_TELEMETRY: '0',
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS,
    ...SANDBOX,
  };
  return { cwd, env };
}

describe('the packed product in an empty project', () => {
  test('is installed by npm without a warning, and answers', async () => {
    assert.deepEqual([product.installing.code, product.installing.stderr], [0, '']);
    const env = { ...process.env, ...SANDBOX };
    const answered = await run('npx', ['luaauth-graphql', 'query', document], { cwd: product.user, env });
    assert.deepEqual([answered.stderr, JSON.parse(answered.stdout)], [SANDBOX_LINE, ANSWER]);
  });

  test('is installed by pnpm without a warning, and answers', async () => {
    const { cwd, env } = project('pnpm');
    const pnpm = programOf('.bin/pnpm');
    const added = await run(pnpm, ['add', product.tarball], { cwd, env });
    assert.equal(added.code, 0, added.stdout + added.stderr);
    assert.doesNotMatch(added.stdout + added.stderr, /warn/i);
    const answered = await run(pnpm, ['exec', 'luaauth-graphql', 'query', document], { cwd, env });
    assert.deepEqual([answered.stderr, JSON.parse(answered.stdout)], [SANDBOX_LINE, ANSWER]);
  });

  // Plug'n'Play gives a package only what its package.json names.
  test('is installed by yarn without a warning, and answers', async () => {
    const { cwd, env } = project('yarn');
    writeFileSync(join(cwd, 'yarn.lock'), '');
    const yarn = programOf('.bin/yarn');
    const added = await run(yarn, ['add', `luaauth-graphql@file:${product.tarball}`], { cwd, env });
    assert.equal(added.code, 0, added.stdout + added.stderr);
    // Yarn calls ES modules in Plug'n'Play experimental, whatever the package.
    const lines = added.stdout.split('\n').filter((line) => !/ YN(?:0000|0013|0085|0092): |^$/.test(line));
    assert.deepEqual([lines, added.stderr], [[], '']);
    const answered = await run(yarn, ['luaauth-graphql', 'query', document], { cwd, env });
    assert.deepEqual([answered.stderr, JSON.parse(answered.stdout)], [SANDBOX_LINE, ANSWER]);
  });
});

/** The tests themselves run on the oldest Node. Its place on the PATH is before that of the newer ones: see package.json. */
const NODES = [
  [`Node ${process.versions.node.split('.')[0]}`, [process.execPath]] as const,
  ...[22, 24, 26].map((major) => [`Node ${major}`, [programOf(`node-${major}/bin/node`)]] as const),
];
const DENO = ['Deno', [programOf('@deno/linux-x64-glibc/deno'), 'run', '--allow-all']] as const;

describe('what npm has installed', () => {
  for (const [name, command] of [...NODES, DENO])
    test(`serves on ${name} without a warning, and stops on SIGTERM`, async () => {
      const { child, url, ended } = await serve(command);
      try {
        const answer = await fetch(url, jsonPost(QUERY, { token: 'sandbox-key' }));
        assert.deepEqual(await answer.json(), ANSWER);
        child.kill('SIGTERM');
        assert.deepEqual(await ended, { code: 0, signal: null, stderr: '' });
      } finally {
        child.kill('SIGKILL');
      }
    });
});

/** Starts the gateway over its sandbox, and waits until it listens. */
async function serve([command, ...args]: readonly string[]) {
  const main = join(product.user, 'node_modules/luaauth-graphql/dist/main.js');
  const child: ChildProcess = spawn(command ?? '', [...args, main, '--sandbox', '--port', '0'], {
    cwd: product.user,
    env: { PATH: process.env.PATH, HOME: directory },
  });
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => {
      stdout += text;
      const [, found] = /"url":"([^"]+)"/.exec(stdout) ?? [];
      if (found !== undefined) resolve(found);
    });
    ended.then((how) => reject(new Error(`It ended before it listened: ${JSON.stringify(how)}`)), reject);
  });
  return { child, url, ended };
}
