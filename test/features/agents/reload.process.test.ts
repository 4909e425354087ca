import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { connectAgent } from '../../support/clients/agent.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';

const KEY = 'agent-key-0123456789';
let gateway: GatewayProcess | undefined;
afterEach(() => gateway?.kill());

it('the list of documents is read again on SIGHUP, and the last good one holds', async () => {
  let folder = '';
  const write = (documents: object | string) =>
    writeFileSync(
      join(folder, 'list.json'),
      typeof documents === 'string' ? documents : JSON.stringify(documents),
    );
  const variables = {
    MCP: 'true',
    PORT: '0',
    LUAAUTH_SANDBOX: 'true',
    LUAAUTH_TOKEN: 'sandbox-key',
    GATEWAY_KEYS: `bot=${KEY}`,
    PERSISTED_DOCUMENTS: 'only',
    PERSISTED_DOCUMENTS_FILE: 'list.json',
  };
  const first = { a: 'query first { rateLimit { limit } }' };
  const process = startProcess(variables, (directory) => {
    folder = directory;
    write(first);
  });
  gateway = process;
  const url = await process.listening();
  const toolsOf = async () =>
    (await (await connectAgent(url, KEY)).listTools()).tools.map(({ name }) => name);
  const reload = async (says: string) => {
    process.signal('SIGHUP');
    await expect.poll(() => process.output.stdout).toContain(says);
  };
  expect(await toolsOf()).toEqual(['first']);
  write('{');
  await reload(
    'is not JSON. Write it again with the tool of your client. What was read before stays in force.',
  );
  expect(await toolsOf()).toEqual(['first']);
  write({ a: 'query { rateLimit { limit } }' });
  await reload(
    'has an operation without a name. Give it a name of 1 to 64 letters, digits and _. What was read before',
  );
  expect(await toolsOf()).toEqual(['first']);
  // It leads to itself: nobody can even tell whether it is a folder.
  rmSync(join(folder, 'list.json'));
  symlinkSync('list.json', join(folder, 'list.json'));
  await reload('cannot be read (ELOOP). Give the path of a readable file. What was read before');
  expect(await toolsOf()).toEqual(['first']);
  rmSync(join(folder, 'list.json'));
  write({ ...first, b: 'query second { rateLimit { used } }' });
  await reload('read again, 2 documents');
  expect(await toolsOf()).toEqual(['first', 'second']);
  const client = await connectAgent(url, KEY);
  expect((await client.callTool({ name: 'second', arguments: {} })).structuredContent).toMatchObject({
    data: { rateLimit: { used: 0 } },
  });
});
