import { afterEach, beforeEach, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { createGateway, createTransport, type Gateway, type Transport } from '../../src/index.ts';

const { scriptId: id } = seeded;
const NAME = 'query Name($id: ID!) { script(id: $id) { name } }';
const caller = { key: 'sandbox-key' };

let sandbox: Sandbox;
let transport: Transport;
let gateway: Gateway;
/** What observers see of each operation, with its status. */
let ended: unknown[];
beforeEach(async () => {
  ended = [];
  sandbox = await startSandbox({ rate: 0 });
  transport = createTransport({ url: sandbox.url });
  const observer = {
    ended: (
      { operation, codes }: { operation?: object | undefined; codes: readonly string[] },
      { status }: { status: number },
    ) => ended.push([operation, codes, status]),
  };
  gateway = createGateway({ transport, observers: [observer] });
});
afterEach(async () => {
  await transport.close();
  await sandbox.close();
});

it('runs a query and a mutation, which observers see', async () => {
  expect(await gateway.execute(NAME, { id }, caller)).toEqual({
    data: { script: { name: 'Nightfall Hub' } },
  });
  const toggle = `mutation { toggleScript(input: { id: "${id}", enabled: false }) { __typename } }`;
  const toggled = await gateway.execute(toggle, undefined, caller);
  expect(JSON.parse(JSON.stringify(toggled))).toEqual({
    data: { toggleScript: { __typename: 'ToggleScriptSuccess' } },
  });
  expect(sandbox.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `GET /scripts/${id}`,
    `POST /scripts/${id}/toggle`,
  ]);
  expect(ended).toEqual([
    [{ name: 'Name', type: 'query' }, [], 200],
    [{ name: undefined, type: 'mutation' }, [], 200],
  ]);
});

it.each([
  ['without a key', NAME, { id }, {}, 'UNAUTHENTICATED'],
  ['of another form', 'query {', {}, caller, 'GRAPHQL_PARSE_FAILED'],
  ['with a wrong variable', NAME, { id: [] }, caller, 'BAD_USER_INPUT'],
  ['with variables that are no object', NAME, 5 as never, caller, 'BAD_REQUEST'],
  ['given up', NAME, { id }, { ...caller, signal: AbortSignal.abort() }, undefined],
  [
    'that subscribes',
    `subscription { scriptSessions(scriptId: "${id}") { __typename } }`,
    {},
    caller,
    'NOT_ACCEPTABLE',
  ],
])(
  'answers an operation %s with an error, and sends nothing',
  async (_what, document, variables, by, code) => {
    const { errors } = await gateway.execute(document, variables, by);
    expect(errors).toHaveLength(1);
    if (code !== undefined) expect(errors?.[0]?.extensions.code).toBe(code);
    expect(errors?.[0]?.extensions).not.toHaveProperty('http');
    expect([sandbox.calls.length, ended.length]).toEqual([0, 1]);
  },
);
