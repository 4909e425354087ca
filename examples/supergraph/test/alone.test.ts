import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { compose } from '../compose.ts';
import { readSubgraphs } from '../subgraphs.ts';
import { type Answer, dataOf } from './support/ask.ts';
import { comparable, startBothWays } from './support/both-ways.ts';

let ways: Awaited<ReturnType<typeof startBothWays>>;
before(async () => {
  ways = await startBothWays();
});
after(() => ways.stop());

const { scriptId, idleScriptId } = seeded;
/** Operations on the gateway's part alone, which must not come out differently. */
const alone: [title: string, query: string, variables?: Record<string, unknown>][] = [
  [
    'filtered sessions, aliases, fragments and directives',
    `query ($id: ID!, $filter: SessionFilter, $yes: Boolean!, $no: Boolean!) {
      one: script(id: $id) { ...F sessions(filter: $filter) { nodes { id robloxId } } }
      two: script(id: "${idleScriptId}") { ...F enabled @skip(if: $yes) kickOutdated @include(if: $no) }
    } fragment F on Script { __typename label: name }`,
    { id: scriptId, filter: { robloxId: String(seeded.robloxId) }, yes: true, no: false },
  ],
  [
    'a list of which one script cannot be read',
    'query ($ids: [ID!]!) { scripts(ids: $ids) { id name } }',
    { ids: [scriptId, 'unknown', idleScriptId, scriptId] },
  ],
  ['a session that is not there', '{ session(id: "gone") { id robloxId } }'],
  ['an id that is none', '{ script(id: "../users/x") { name } }'],
];

for (const [title, query, variables] of alone) {
  test(`${title}: the supergraph answers as the gateway does, for the same REST calls`, async () => {
    ways.takeCalls();
    const expected = comparable(await ways.luaauth({ query, variables }));
    const calls = ways.takeCalls();
    assert.deepEqual(comparable(await ways.supergraph({ query, variables })), expected);
    assert.deepEqual(ways.takeCalls(), calls);
  });
}

test('what the subgraphs say of themselves makes the same supergraph as their files', async () => {
  const service = { query: '{ _service { sdl } }' };
  const said: Record<string, Answer> = {
    luaauth: await ways.luaauth(service, {}),
    shop: await ways.shop(service),
  };
  const subgraphs = readSubgraphs().map(({ name, url }) => {
    const { sdl } = dataOf<{ _service: { sdl: string } }>(said[name] ?? {})._service;
    return { name, url, typeDefs: parse(sdl) };
  });
  assert.equal(composeServices(subgraphs).supergraphSdl, compose());
});
