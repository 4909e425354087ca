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

const { scriptId, idleScriptId, sessionId, projectId, userKey, blacklistedUserKey } = seeded;
/** Operations on the gateway's part alone, which must not come out differently. */
const alone: [title: string, query: string, variables?: Record<string, unknown>][] = [
  [
    'a script with every field',
    `query ($id: ID!) { script(id: $id) { id name freeForAll useHeartbeat kickOutdated requireSessions enabled
      totalExecutions totalSessions totalInstances project { id } executions { date count } } }`,
    { id: scriptId },
  ],
  [
    'a page of sessions with all there is to a connection',
    `query ($id: ID!, $first: Int) { script(id: $id) { sessions(first: $first) {
      edges { cursor node { id userKey robloxId placeId jobId createdAt script { id } } }
      nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
    { id: scriptId, first: 3 },
  ],
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
  [
    'a project with all there is of it',
    `query ($id: ID!) { project(id: $id) { id name fingerprintResetCooldownMs allowFingerprintResets deleteExpiredUsers
      executionWebhook informationWebhook blacklistWebhook totalExecutions executions { date count }
      scripts { id name executions { date count } } } }`,
    { id: projectId },
  ],
  [
    'users, of which one cannot be read, one is blacklisted and one is repeated',
    `query ($keys: [ID!]!) { users(keys: $keys) { key discordId fingerprintAssigned executor executions keyExpiresAt
      lastResetAt totalFingerprintResets note fingerprint blacklist { reason expiresAt } } }`,
    { keys: [userKey, 'unknown', blacklistedUserKey, userKey] },
  ],
  [
    'the users of sessions',
    `{ script(id: "${scriptId}") { sessions(first: 5) { nodes { user { note } } } } }`,
  ],
  ['a session by id', `{ session(id: "${sessionId}") { id robloxId createdAt script { id name } } }`],
  ['a session that is not there', '{ session(id: "gone") { id robloxId } }'],
  ['an argument that is refused', `{ script(id: "${scriptId}") { sessions(first: 101) { nodes { id } } } }`],
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
