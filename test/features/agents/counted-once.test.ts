import { afterEach, expect, it } from 'vitest';
import { createMetrics } from '../../../src/features/metrics/metrics.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { RequestObserver } from '../../../src/observability/request-record.ts';
import { connectAgent, forAgents, sendMessage, sendText } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const KEY = 'bot';
const metrics = createMetrics();
const ended: object[] = [];
const observer: RequestObserver = {
  ended: ({ request, operation, caller, codes, usage }, { status }) =>
    void ended.push({ path: request.path, operation, caller, codes, calls: usage?.calls, status }),
};
const credentials = { heldKey: 'sandbox-key', keyRing: ringOf([{ name: KEY }]) };
const fixture = useSandbox({
  gateway: { credentials, observers: [metrics.operations, observer], ...forAgents() },
});
afterEach(() => ended.splice(0));

const { userKey } = seeded;
const counted = async (name: string) =>
  (await metrics.text())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length));

it('a call is one HTTP request at /mcp, and one operation with the name of its tool', async () => {
  const args = { name: 'lookUpKey', arguments: { key: userKey } };
  const { status } = await sendMessage(fixture.gateway.url, KEY, 'tools/call', args);
  expect(status).toBe(200);
  expect(await counted('luaauth_http_request_duration_seconds_count')).toEqual([
    '{path="/mcp",method="POST",status="200"} 1',
  ]);
  expect(await counted('luaauth_operation_duration_seconds_count')).toEqual([
    '{operation_name="lookUpKey",operation_type="query"} 1',
  ]);
  expect(ended).toEqual([
    {
      path: '/mcp',
      operation: { name: 'lookUpKey', type: 'query' },
      caller: KEY,
      codes: [],
      calls: 1,
      status: 200,
    },
  ]);
});

it('a call with wrong arguments is one request as well, which has their code', async () => {
  const args = { name: 'lookUpKey', arguments: { kez: 1 } };
  await sendMessage(fixture.gateway.url, KEY, 'tools/call', args);
  expect(ended).toMatchObject([{ path: '/mcp', codes: ['BAD_USER_INPUT'], status: 200 }]);
  expect(await counted('luaauth_operation_errors_total')).toEqual([
    '{phase="parse",code="BAD_USER_INPUT",operation_name="unknown",operation_type="unknown"} 1',
  ]);
});

it.each([
  ['of a caller', KEY, KEY, 'BAD_REQUEST', 400],
  ['without a key', 'other', undefined, 'UNAUTHENTICATED', 401],
])(
  'a message %s that is refused is one request, which has the code',
  async (_who, key, caller, code, status) => {
    await sendText(fixture.gateway.url, key, '[]');
    expect(ended).toMatchObject([{ path: '/mcp', caller, codes: [code], status }]);
  },
);

it('a client whose name no header could hold is served', async () => {
  const client = await connectAgent(fixture.gateway.url, KEY, undefined, '助手 🤖');
  const { isError } = await client.callTool({ name: 'lookUpKey', arguments: { key: userKey } });
  expect(isError).toBeUndefined();
  expect(ended).toContainEqual(expect.objectContaining({ operation: { name: 'lookUpKey', type: 'query' } }));
});

it('an older client that gives itself a number for a name is served', async () => {
  const args = { name: 'lookUpKey', arguments: { key: userKey } };
  const _meta = { 'io.modelcontextprotocol/clientInfo': { name: 5 } };
  const { result } = await sendMessage(fixture.gateway.url, KEY, 'tools/call', { ...args, _meta });
  expect(result).toMatchObject({ structuredContent: { data: { user: {} } } });
});
