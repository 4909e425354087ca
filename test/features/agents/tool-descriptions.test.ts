import { isInputObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { createSchema } from '../../../src/features/schema.ts';
import { connectAgent, forAgents } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { useOpened } from '../../support/gateways/fixture.ts';

const credentials = { heldKey: 'held', keyRing: ringOf([{ name: 'bot' }]) };
const UPSTREAM = 'http://127.0.0.1:9';

const { open } = useOpened();
const openWith = (listed: ReadonlyMap<string, string>, isArbitrary = false) =>
  open({ upstream: UPSTREAM, credentials, ...forAgents(listed, isArbitrary) });

it('what a variable is for stands with it, and with each field in it, as the schema describes these', async () => {
  const { gateway } = await openWith(
    new Map([
      ['a', 'mutation edit($input: EditScriptInput!) { editScript(input: $input) { __typename } }'],
      [
        'b',
        'mutation end($own: ID!, "The second." $other: ID!) { a: disconnectSession(input: { id: $own }) { __typename } b: disconnectSession(input: { id: $other }) { __typename } }',
      ],
    ]),
  );
  const { tools } = await (await connectAgent(gateway.url, 'bot')).listTools();
  const [edit, end] = tools.map(({ inputSchema }) => inputSchema.properties);
  const fieldsOf = (name: string) => {
    const type = createSchema().getType(name);
    return isInputObjectType(type) ? Object.values(type.getFields()) : [];
  };
  const described = fieldsOf('EditScriptInput').map(({ name, description }) => [name, { description }]);
  expect(described.length).toBeGreaterThan(2);
  expect(edit?.input).toMatchObject({ properties: Object.fromEntries(described) });
  expect(end).toMatchObject({
    own: { description: fieldsOf('DisconnectSessionInput')[0]?.description },
    other: { description: 'The second.' },
  });
});

it('a variable is described by its own operation, not by another one of its document that has the name', async () => {
  const page = 'script(id: "a") { sessions(first: $n) { nodes { id } } }';
  const { gateway } = await openWith(
    new Map([
      [
        'a',
        `query page($n: Int) { ${page} } query ids($n: [ID!]!) { scripts(ids: $n) { name } } query quota { rateLimit { limit } }`,
      ],
    ]),
  );
  const { tools } = await (await connectAgent(gateway.url, 'bot')).listTools();
  const [ids, first] = tools.map(({ inputSchema }) => inputSchema.properties?.n);
  expect(first).toMatchObject({ minimum: 0, maximum: 100 });
  expect(ids).not.toHaveProperty('maximum');
  const { scripts } = createSchema().getQueryType()?.getFields() ?? {};
  expect(ids).toHaveProperty('description', scripts?.args[0]?.description);
});

it.each([
  [12, 'They use a shared quota of REST calls, at most 12 for each call; plan: true returns the price'],
  [Number.POSITIVE_INFINITY, 'They use a shared quota of REST calls; plan: true returns the price'],
])(
  'an agent is told of a limit of %s calls, and how to learn the price of a call',
  async (restCalls, says) => {
    const limits = { restCalls };
    const { gateway } = await open({ upstream: UPSTREAM, credentials, limits, ...forAgents() });
    const client = await connectAgent(gateway.url, 'bot', 'legacy');
    expect(client.getInstructions()).toContain(says);
  },
);

it('a mutation is no tool of a gateway that is READ_ONLY', async () => {
  const listed = new Map([
    ['a', 'mutation end($id: ID!) { disconnectSession(input: { id: $id }) { __typename } }'],
    ['b', 'query quota { rateLimit { limit } }'],
  ]);
  const { gateway } = await open({ upstream: UPSTREAM, credentials, readOnly: true, ...forAgents(listed) });
  const { tools } = await (await connectAgent(gateway.url, 'bot')).listTools();
  expect(tools.map(({ name }) => name)).toEqual(['quota']);
});

it('a query is a tool although nothing is left of it', async () => {
  const { gateway } = await openWith(
    new Map([['a', 'query nothing { rateLimit @skip(if: true) { limit } }']]),
  );
  const { tools } = await (await connectAgent(gateway.url, 'bot')).listTools();
  expect(tools.map(({ name }) => name)).toEqual(['nothing']);
});

it.each<[what: string, document: string, isArbitrary: boolean, says: RegExp]>([
  [
    'of the name of the tool for any query',
    'query graphql { rateLimit { limit } }',
    true,
    /has an operation graphql, and so does another document/,
  ],
  [
    'that is too long to be run',
    `query long { rateLimit { limit } } #${'x'.repeat(100_000)}`,
    false,
    /^PERSISTED_DOCUMENTS_FILE: the document "one" cannot be run: The document has/,
  ],
])('a document %s makes no tool, which the start says', async (_what, document, isArbitrary, says) => {
  const refusal = openWith(new Map([['one', document]]), isArbitrary).catch((error) => error);
  expect(await refusal).toMatchObject({ name: 'StartError', message: expect.stringMatching(says) });
});
