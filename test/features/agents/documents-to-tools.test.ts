import { expect, it } from 'vitest';
import { ID_PATTERN } from '../../../src/luaauth/decoders.ts';
import { connectAgent, forAgents, sendMessage } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useOpened } from '../../support/gateways/fixture.ts';

const { open } = useOpened();
const credentials = { heldKey: 'sandbox-key', keyRing: ringOf([{ name: 'bot' }]) };
const UPSTREAM = 'http://127.0.0.1:9';

it.each<[document: string, says: RegExp]>([
  ['query a { nothing }', /the document "one" cannot be run: .*"nothing"/],
  ['{ rateLimit { limit } }', /has an operation without a name\. Give it a name/],
  ['query a($plan: ID!) { script(id: $plan) { id } }', /has a variable \$plan, .* Give it another name/],
  [
    'mutation a { deleteScript(input: { id: "a" }) { ... on DeleteScriptSuccess { deletedScriptId } } }',
    /would not tell an agent that deleteScript was refused\. Select __typename in it/,
  ],
])('%s makes no tool, which the start says', async (document, says) => {
  const agents = forAgents(new Map([['one', document]]));
  await expect(open({ upstream: UPSTREAM, credentials, ...agents })).rejects.toThrow(says);
});

it('two operations of one name make no tool', async () => {
  const same = 'query a { rateLimit { limit } }';
  const agents = forAgents(
    new Map([
      ['one', same],
      ['two', `${same} `],
    ]),
  );
  await expect(open({ upstream: UPSTREAM, credentials, ...agents })).rejects.toThrow(
    /the document "two" has an operation a, and so does another document/,
  );
});

it('a document under two ids is one tool', async () => {
  const same = 'query a { rateLimit { limit } }';
  const agents = forAgents(
    new Map([
      ['one', same],
      ['two', same],
    ]),
  );
  const { gateway } = await open({ upstream: UPSTREAM, credentials, ...agents });
  const { tools } = await (await connectAgent(gateway.url, 'bot')).listTools();
  expect(tools.map(({ name }) => name)).toEqual(['a']);
});

it('a tool for any query is there when it is wanted, and takes nothing else', async () => {
  const { gateway, sandbox } = await open({ credentials, ...forAgents(new Map(), true) });
  const client = await connectAgent(gateway.url, 'bot');
  expect((await client.listTools()).tools).toEqual([
    expect.objectContaining({
      name: 'graphql',
      description: 'Runs a GraphQL query, no mutation, against LuaAuth.',
    }),
  ]);
  const ask = (query: string) => client.callTool({ name: 'graphql', arguments: { query } });
  expect((await ask('{ rateLimit { limit } }')).structuredContent).toMatchObject({
    data: { rateLimit: { limit: null } },
  });
  for (const other of [
    'mutation { deleteScript(input: { id: "a" }) { __typename } }',
    'subscription { scriptSessions(scriptId: "a") { __typename } }',
  ])
    expect(await ask(other)).toMatchObject({
      isError: true,
      content: [
        { text: expect.stringMatching(/^BAD_REQUEST: This tool runs queries only\. To write, call/) },
        {},
      ],
    });
  expect(sandbox.calls).toEqual([]);
});

it('a tool says what its variables may be, and for how long its listing holds', async () => {
  const typed = `mutation typed("What to say." $input: MessageSessionInput!, $ids: [ID!]!, $key: ID!) {
    messageSession(input: $input) { __typename ... on MessageNotDelivered { reason } }
    disconnectSessions(input: { ids: $ids }) { __typename ... on Refusal { message } }
    blacklistUser(input: { key: $key }) { __typename ... on BlacklistUserSuccess { user { executions } } }
  }`;
  const { gateway } = await open({
    upstream: UPSTREAM,
    credentials,
    ...forAgents(new Map([['typed', typed]])),
  });
  const { tools, ...others } = await (await connectAgent(gateway.url, 'bot')).listTools();
  expect(others).toMatchObject({ ttlMs: 60_000, cacheScope: 'private' });
  const id = { type: 'string', pattern: ID_PATTERN };
  expect(tools[0]).toMatchObject({
    inputSchema: {
      properties: {
        input: {
          type: 'object',
          description: 'What to say.',
          properties: { handler: { type: 'string' }, id, data: { description: expect.any(String) } },
          required: ['handler', 'id'],
          additionalProperties: false,
        },
        ids: { type: 'array', items: id },
        key: id,
      },
      required: ['input', 'ids', 'key'],
    },
  });
});

it('a document is a tool also where clients can send no ids', async () => {
  const listed = new Map([['one', 'query limit { rateLimit { limit } }']]);
  const persisted = { mode: 'off', listed } as const;
  const { gateway } = await open({ upstream: UPSTREAM, credentials, ...forAgents(listed), persisted });
  const { structuredContent } = await (await connectAgent(gateway.url, 'bot')).callTool({ name: 'limit' });
  expect(structuredContent).toMatchObject({ data: { rateLimit: { limit: null } } });
  const response = await fetch(`${gateway.url}/graphql/one`, { headers: bearer('bot') });
  expect(await response.json()).toMatchObject({
    errors: [{ extensions: { code: 'PERSISTED_DOCUMENTS_OFF' } }],
  });
});

it('without being wanted, there is nothing at /mcp', async () => {
  const { gateway } = await open({ upstream: UPSTREAM, credentials });
  const { status, error } = await sendMessage(gateway.url, 'bot', 'tools/list');
  expect([status, error]).toEqual([404, undefined]);
});
