import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../../src/features/sandbox/server.ts';
import { EXAMPLE } from '../../support/clients/agent.ts';
import { MAIN } from '../../support/processes/built.ts';
import { startProcess, type Variables } from '../../support/processes/process.ts';

const KEY = 'agent-key-0123456789';
const variables = {
  LUAAUTH_SANDBOX: 'true',
  LUAAUTH_TOKEN: 'sandbox-key',
  GATEWAY_KEYS: `desk=${KEY}`,
  PERSISTED_DOCUMENTS_FILE: fileURLToPath(new URL('../../../examples/agents/documents', import.meta.url)),
};

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

/** The protocol's own client of a gateway's process, and what that logs. */
async function connect(
  mode: 'legacy' | { readonly pin: string },
  more: Record<string, string> = {},
  ofGateway: Record<string, string> = { ...variables, GATEWAY_KEY: KEY },
) {
  const client = new Client({ name: 'desk', version: '1' }, { versionNegotiation: { mode } });
  open.push(client);
  const log: string[] = [];
  const env = { ...ofGateway, ...more };
  const command = { command: process.execPath, args: [MAIN, 'mcp'] };
  const transport = new StdioClientTransport({ ...command, env, stderr: 'pipe' });
  transport.stderr?.on('data', (text) => log.push(String(text)));
  await client.connect(transport);
  return { client, log };
}

it.each([{ pin: '2026-07-28' }, 'legacy' as const])(
  'serves a client over stdin and stdout, and polls nothing: %j',
  async (mode) => {
    const sandbox = await startSandbox({ rate: 0 });
    open.push(sandbox);
    const { client, log } = await connect(mode, {
      LUAAUTH_SANDBOX: '',
      LUAAUTH_API_URL: sandbox.url,
      METRICS_SCRIPTS: seeded.scriptId,
    });
    expect((await client.listTools()).tools).toHaveLength(EXAMPLE.size);
    const { structuredContent } = await client.callTool({
      name: 'lookUpKey',
      arguments: { key: seeded.userKey },
    });
    expect(structuredContent).toMatchObject({ data: { user: { key: seeded.userKey } } });
    await expect.poll(() => log.join('')).toContain('"clientName":"mcp/desk"');
    expect(log.join('')).not.toContain(KEY);
    expect(sandbox.calls.map(({ path }) => path)).toEqual([`/users/${seeded.userKey}`]);
  },
);

it.each<Record<string, string>>([{}, { LUAAUTH_TOKEN: 'sandbox-key' }])(
  'serves the example documents without settings, with a key of its own: %j',
  async (settings) => {
    const { client, log } = await connect('legacy', settings, {});
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([...EXAMPLE.keys()].sort());
    const { structuredContent } = await client.callTool({
      name: 'lookUpKey',
      arguments: { key: seeded.userKey },
    });
    expect(structuredContent).toMatchObject({ data: { user: { key: seeded.userKey } } });
    await expect.poll(() => log.join('')).toContain('"caller":"agent"');
  },
);

it.each<[what: string, args: readonly string[], changed: Variables, says: RegExp]>([
  ['gateway keys', [], { LUAAUTH_TOKEN: '', GATEWAY_KEYS: '' }, /MCP: true, but GATEWAY_KEYS is not set/],
  ['a key over stdin', ['mcp'], {}, /GATEWAY_KEY: not set/],
  ['documents', [], { PERSISTED_DOCUMENTS_FILE: '' }, /PERSISTED_DOCUMENTS_FILE: not set, but MCP is true/],
  [
    'documents that may be run',
    ['mcp', '--arbitrary'],
    { PERSISTED_DOCUMENTS: 'only' },
    /PERSISTED_DOCUMENTS is only, so no other document runs/,
  ],
])('does not start without %s, and says what to do', async (_what, args, changed, says) => {
  const gateway = startProcess({ MCP: 'true', ...variables, PORT: '0', ...changed }, undefined, { args });
  open.push({ close: () => gateway.kill() });
  expect(await gateway.ended).toBe(1);
  expect(gateway.output.stderr).toMatch(says);
});
