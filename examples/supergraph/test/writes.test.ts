import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { dataOf } from './support/ask.ts';
import { comparable, KEY, startBothWays } from './support/both-ways.ts';

let ways: Awaited<ReturnType<typeof startBothWays>>;
before(async () => {
  ways = await startBothWays();
});
after(() => ways.stop());
beforeEach(() => ways.sandbox.reset());

const { scriptId: id } = seeded;
const EDIT = `mutation ($input: EditScriptInput!) { editScript(input: $input) { __typename
  ... on EditScriptSuccess { script { id name freeForAll } }
  ... on InvalidFields { fields { path messages } } ... on NotPermitted { reasons } ... on Refusal { message } } }`;

const writes: [
  title: string,
  input: Record<string, unknown>,
  headers: Record<string, string>,
  typename: string,
][] = [
  ['a change', { id, name: 'Renamed' }, KEY, 'EditScriptSuccess'],
  ['an expired account', { id, name: 'x' }, { authorization: 'Bearer sandbox-expired' }, 'AccountExpired'],
];

for (const [title, input, headers, typename] of writes) {
  test(`${title}: the supergraph writes and answers as the gateway does, for the same REST calls`, async () => {
    const operation = { query: EDIT, variables: { input } };
    const answer = await ways.luaauth(operation, headers);
    const calls = ways.sandbox.calls.map(({ method, path, text }) => `${method} ${path} ${text}`);
    const state = ways.sandbox.scripts.get(id);
    ways.sandbox.reset();
    assert.deepEqual(comparable(await ways.supergraph(operation, headers)), comparable(answer));
    assert.deepEqual(
      ways.sandbox.calls.map(({ method, path, text }) => `${method} ${path} ${text}`),
      calls,
    );
    assert.deepEqual(ways.sandbox.scripts.get(id), state);
    assert.equal(dataOf<{ editScript: { __typename: string } }>(answer).editScript.__typename, typename);
  });
}

test('a mutation answers with the new state and, from the shop, with the price', async () => {
  const [script] = await ways.fromShop(['Script', id]);
  const answer = await ways.supergraph({
    query: `mutation { toggleScript(input: { id: "${id}", enabled: false }) {
      ... on ToggleScriptSuccess { script { enabled price { cents currency } owner { name } } } } }`,
  });
  assert.deepEqual(answer, { data: { toggleScript: { script: { enabled: false, ...script } } } });
  assert.equal(ways.sandbox.scripts.get(id)?.enabled, false);
});
