import { expect, it } from 'vitest';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const credentials = { heldKey: 'sandbox-key', keyRing: ringOf([{ name: 'bot' }]) };
const fixture = useSandbox({ gateway: { credentials, maxBodyBytes: 2_000, ...forAgents() } });

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${fixture.gateway.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...bearer('bot'),
      ...headers,
    },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

it.each<
  [what: string, body: string, headers: Record<string, string>, status: number, code: number, message: RegExp]
>([
  ['a batch', JSON.stringify([LIST]), {}, 400, -32_600, /Batching is not supported/],
  ['no JSON', '{"jsonrpc"', {}, 400, -32_700, /The body is not JSON/],
  [
    'too much',
    JSON.stringify({ ...LIST, params: { a: 'x'.repeat(2_000) } }),
    {},
    413,
    -32_600,
    /larger than 2000 bytes/,
  ],
  ['a form', JSON.stringify(LIST), { 'content-type': 'text/plain' }, 415, -32_600, /content type/],
  [
    'a page of another origin',
    JSON.stringify(LIST),
    { origin: 'https://evil.example' },
    403,
    -32_600,
    /CORS_ORIGINS/,
  ],
  ['no key', JSON.stringify(LIST), { authorization: '' }, 401, -32_600, /^No key was sent\. /],
  [
    'an unknown key',
    JSON.stringify(LIST),
    bearer('other'),
    401,
    -32_600,
    /is not one of this gateway's keys/,
  ],
  [
    'a key in token',
    JSON.stringify(LIST),
    { authorization: '', token: 'bot' },
    401,
    -32_600,
    /does not read "token"/,
  ],
  [
    "LuaAuth's own key",
    JSON.stringify(LIST),
    { ...bearer('sandbox-key'), token: 'sandbox-key' },
    401,
    -32_600,
    /is not one of this gateway's keys/,
  ],
])('refuses %s with a sentence', async (_what, body, headers, status, code, message) => {
  const answer = await post(body, headers);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({
    jsonrpc: '2.0',
    error: { code, message: expect.stringMatching(message) },
  });
  expect(answer.headers.get('x-request-id')).not.toBeNull();
  expect(fixture.lines()).toEqual([]);
});

it('refuses a version that it does not speak, and names those that it does', async () => {
  const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2031-01-01' } };
  const answer = await post(JSON.stringify({ ...LIST, params }), { 'mcp-protocol-version': '2031-01-01' });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('2026-07-28');
});

it.each<[what: string, params: object]>([
  ['arguments that are a list', { name: 'lookUpKey', arguments: ['key'] }],
  ['arguments that are a text', { name: 'lookUpKey', arguments: 'key' }],
  ['no name', { arguments: {} }],
  ['a name that is no text', { name: 1 }],
])('a call with %s is an error of the protocol, which names it', async (_what, params) => {
  const { error, result } = await sendMessage(fixture.gateway.url, 'bot', 'tools/call', params);
  expect(result).toBeUndefined();
  expect(error).toMatchObject({ code: -32_602, message: expect.stringMatching(/arguments|name/) });
  expect(fixture.lines()).toEqual([]);
});

it('answers for one caller alone, so that nothing keeps it', async () => {
  const { status, headers } = await post(JSON.stringify(LIST));
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
});

it('keeps no stream open for changes, of which it tells none', async () => {
  const method = 'subscriptions/listen';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'bot', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { notifications: { toolsListChanged: true }, _meta };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
  const { text } = await post(JSON.stringify({ ...LIST, method, params }), headers);
  expect(JSON.parse(text)).toMatchObject({ error: { message: 'Subscription limit reached' } });
});
