import { describe, expect, it } from 'vitest';
import { defaults } from '../../../src/config/config.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { announce } from '../../../src/server/banner.ts';
import { ask } from '../../support/clients/json-post.ts';
import { useCommandLine } from '../../support/processes/command-line.ts';

const ADVICE = 'This gateway serves the sandbox, whose key is sandbox-key. For LuaAuth set LUAAUTH_API_URL.';
const { run, start, sandboxed } = useCommandLine();

/** The errors of a read with a key that the sandbox does not know. */
const refusalOf = async (url: string) =>
  (await ask(url, '{ script(id: "a") { name } }', { token: 'a-real-key' })).errors;

describe('the sandbox in the place of an API', () => {
  it('says in a refused read which key it knows and how to reach LuaAuth', async () => {
    const gateway = start(['--port', '0']);
    const errors = await refusalOf(await gateway.listening());
    expect(errors?.[0]).toMatchObject({
      message: `GET /scripts/:script_id: LuaAuth refused: invalid api key; ${ADVICE}`,
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });

  it('says the same to an MCP client, before the other instructions', async () => {
    const params = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    };
    const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`;
    const { stdout } = await run(['mcp'], { input });
    expect(JSON.parse(stdout).result.instructions).toMatch(new RegExp(`^${ADVICE} Tools for LuaAuth`));
  });
});

it('an API that is configured answers in its own words, be it a sandbox', async () => {
  const { url } = await sandboxed();
  const gateway = start(['--port', '0', '--api-url', url]);
  const errors = await refusalOf(await gateway.listening());
  expect(errors?.[0]?.message).toBe('GET /scripts/:script_id: LuaAuth refused: invalid api key.');
});

it('the line of the start names the dashboard', () => {
  const lines: object[] = [];
  const log = { lifeCycle: (_event: string, facts?: object) => void lines.push(facts ?? {}) };
  const sandbox = { key: sandboxKeys.full, isKey: () => true, advice: ADVICE, ids: {} as never };
  for (const dashboard of [{ projects: [] }, undefined])
    announce('http://127.0.0.1:4000', undefined, { ...defaults, dashboard }, sandbox, log);
  expect(lines).toMatchObject([{ dashboard: 'http://127.0.0.1:4000/dashboard' }, { dashboard: undefined }]);
});
