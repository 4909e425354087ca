import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import { startSandbox } from '../src/sandbox/server.ts';

const EMBED = new URL('../src/index.ts', import.meta.url).href;
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Writes down each module that is loaded. */
const HOOK = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    writeSync(2, url + '\\n');
    return next(url, context);
  }`;
const moduleOf = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const WATCH = moduleOf(`
  import { register } from 'node:module';
  register(${JSON.stringify(moduleOf(HOOK))});`);

it('an operation by POST loads neither Yoga nor the sandbox, and a GET loads Yoga', async () => {
  const sandbox = await startSandbox({ rate: 0 });
  const code = `
    import { writeSync } from 'node:fs';
    import { createServer } from 'node:http';
    import { createGateway, createTransport } from ${JSON.stringify(EMBED)};
    const transport = createTransport({ url: ${JSON.stringify(sandbox.url)} });
    const server = createServer(createGateway({ transport }));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = 'http://127.0.0.1:' + server.address().port + '/graphql';
    const headers = { 'content-type': 'application/json', token: 'sandbox-key' };
    const body = JSON.stringify({ query: '{ script(id: "${seeded.scriptId}") { name } }' });
    console.log(await (await fetch(url, { method: 'POST', headers, body })).text());
    writeSync(2, 'answered\\n');
    console.log(await (await fetch(url + '?query={__typename}', { headers })).text());
    process.exit();`;
  try {
    const args = ['--import', WATCH, '--import', TSX, '--input-type=module', '-e', code];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toBe('{"data":{"script":{"name":"Nightfall Hub"}}}\n{"data":{"__typename":"Query"}}\n');
    const [before = '', after = ''] = stderr.split('answered\n');
    expect(before).toContain('/src/http/node-door.ts');
    expect(before).not.toMatch(/node_modules\/graphql-yoga|\/src\/sandbox\/server/);
    expect(after).toContain('node_modules/graphql-yoga');
  } finally {
    await sandbox.close();
  }
});
