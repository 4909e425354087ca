import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { offers } from '../shop/data.ts';
import { dataOf } from './support/ask.ts';
import { comparable, startBothWays } from './support/both-ways.ts';

let ways: Awaited<ReturnType<typeof startBothWays>>;
before(async () => {
  ways = await startBothWays();
});
after(() => ways.stop());

const { scriptId, idleScriptId, sessionId, projectId, userKey } = seeded;
const userCall = (key: string) => `GET /users/${key}`;
const SHOP_FIELDS = 'price { cents currency } owner { name }';

test('a script has its price, owner and project name from the shop', async () => {
  const direct = await ways.luaauth({ query: `{ script(id: "${scriptId}") { name project { id } } }` });
  const [script, project] = await ways.fromShop(['Script', scriptId], ['Project', projectId]);
  const { name } = dataOf<{ script: { name: string } }>(direct).script;
  ways.takeCalls();
  const joined = await ways.supergraph({
    query: `{ script(id: "${scriptId}") { name ${SHOP_FIELDS} project { displayName } } }`,
  });
  assert.deepEqual(joined, { data: { script: { name, ...script, project } } });
  assert.equal(project?.displayName, 'Nightfall');
  assert.deepEqual(ways.takeCalls(), [`GET /scripts/${scriptId}`]);
});

test('a script that is not for sale has neither price nor owner, and no error', async () => {
  const { data, errors } = await ways.supergraph({
    query: `{ script(id: "${idleScriptId}") { name ${SHOP_FIELDS} } }`,
  });
  assert.equal(errors, undefined);
  assert.deepEqual(data?.script, { name: 'New Script', price: null, owner: null });
});

test('sessions lead to the price of their script without a REST call for the script', async () => {
  const [script] = await ways.fromShop(['Script', scriptId]);
  ways.takeCalls();
  const answer = await ways.supergraph({
    query: `{ session(id: "${sessionId}") { robloxId script { ${SHOP_FIELDS} } } }`,
  });
  assert.deepEqual(answer, { data: { session: { robloxId: String(seeded.robloxId), script } } });
  assert.deepEqual(ways.takeCalls(), [`GET /sessions/${sessionId}`]);
});

test("the shop's catalogue has the names from the gateway, one REST call for each script", async () => {
  const ids = offers.map((offer) => offer.scriptId);
  const direct = await ways.luaauth({
    query: 'query ($ids: [ID!]!) { scripts(ids: $ids) { name enabled } }',
    variables: { ids },
  });
  const prices = await ways.fromShop(...ids.map((id): [string, string] => ['Script', id]));
  ways.takeCalls();
  const joined = await ways.supergraph({
    query: `{ catalogue { edges { node { name enabled ${SHOP_FIELDS} } } } }`,
  });
  const scripts = direct.data?.scripts as object[];
  const edges = scripts.map((script, index) => ({ node: { ...script, ...prices[index] } }));
  assert.deepEqual(joined, { data: { catalogue: { edges } } });
  assert.deepEqual(ways.takeCalls(), ids.map((id) => `GET /scripts/${id}`).sort());
});

test('a script of the catalogue that LuaAuth does not know is null at its place, the others stay', async () => {
  const gone = offers[1]?.scriptId ?? '';
  const script = ways.sandbox.scripts.get(gone);
  assert.ok(script);
  ways.sandbox.scripts.delete(gone);
  const { data, errors } = await ways.supergraph({ query: '{ catalogue { edges { node { name } } } }' });
  ways.sandbox.scripts.set(gone, script);
  const { edges } = (data as { catalogue: { edges: { node: object | null }[] } }).catalogue;
  assert.deepEqual(
    edges.map(({ node }) => node !== null),
    offers.map(({ scriptId: id }) => id !== gone),
  );
  assert.deepEqual(
    errors?.map(({ extensions }) => extensions?.code),
    ['FORBIDDEN'],
  );
});

test('both connections page through the supergraph, each with its own cursors', async () => {
  const query = `query ($id: ID!, $offer: String, $session: String) {
    catalogue(first: 2, after: $offer) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage endCursor } }
    script(id: $id) { sessions(first: 20, after: $session) { nodes { id } pageInfo { hasNextPage endCursor } } }
  }`;
  type Page = { edges: { node: { id: string } }[]; nodes: { id: string }[]; pageInfo: { endCursor: string } };
  const page = async (offer?: string, session?: string) => {
    const answer = await ways.supergraph({ query, variables: { id: scriptId, offer, session } });
    const { catalogue, script } = dataOf<{ catalogue: Page; script: { sessions: Page } }>(answer);
    return { catalogue, sessions: script.sessions };
  };
  const first = await page();
  const second = await page(first.catalogue.pageInfo.endCursor, first.sessions.pageInfo.endCursor);
  assert.deepEqual(
    [first, second].flatMap(({ catalogue }) => catalogue.edges.map(({ node }) => node.id)),
    offers.slice(0, 4).map((offer) => offer.scriptId),
  );
  const direct = await ways.luaauth({
    query: `{ script(id: "${scriptId}") { sessions(first: 40) { nodes { id } } } }`,
  });
  assert.deepEqual(
    [first, second].flatMap(({ sessions }) => sessions.nodes),
    dataOf<{ script: { sessions: Page } }>(direct).script.sessions.nodes,
  );
});

test('without a key nothing is asked of LuaAuth, and the shop answers all the same', async () => {
  ways.takeCalls();
  const query = `{ script(id: "${scriptId}") { name } }`;
  const answer = await ways.supergraph({ query }, {});
  assert.deepEqual(comparable(answer), comparable(await ways.luaauth({ query }, {})));
  assert.equal(answer.errors?.[0]?.extensions?.code, 'UNAUTHENTICATED');
  assert.deepEqual(ways.takeCalls(), []);
  const offersOnly = await ways.supergraph(
    { query: '{ catalogue(first: 1) { edges { node { id } } } }' },
    {},
  );
  assert.deepEqual(offersOnly, { data: { catalogue: { edges: [{ node: { id: scriptId } }] } } });
});

test('a licence key has its buyer from the shop, for one REST call', async () => {
  ways.takeCalls();
  const answer = await ways.supergraph({
    query: `{ user(key: "${userKey}") { discordId buyer { name } } }`,
  });
  assert.deepEqual(answer, { data: { user: { discordId: seeded.discordId, buyer: { name: 'Brendan' } } } });
  assert.deepEqual(ways.takeCalls(), [userCall(userKey)]);
});

test('the licence keys of a customer of the shop are read from LuaAuth, one REST call for each', async () => {
  const keys = [userKey, seeded.endlessUserKey];
  const direct = await ways.luaauth({
    query: 'query ($keys: [ID!]!) { users(keys: $keys) { key keyExpiresAt blacklist { reason } } }',
    variables: { keys },
  });
  ways.takeCalls();
  const answer = await ways.supergraph({
    query: '{ customer(id: "2") { name licences { key keyExpiresAt blacklist { reason } } } }',
  });
  const { users } = dataOf<{ users: object[] }>(direct);
  assert.deepEqual(answer, { data: { customer: { name: 'Brendan', licences: users } } });
  assert.deepEqual(ways.takeCalls(), keys.map(userCall).sort());
});

test('what the shop knows of licence keys and projects costs no REST call', async () => {
  ways.takeCalls();
  const answer = await ways.supergraph({ query: '{ customer(id: "3") { licences { key buyer { id } } } }' });
  assert.deepEqual(answer, {
    data: { customer: { licences: [{ key: seeded.blacklistedUserKey, buyer: { id: '3' } }] } },
  });
  assert.deepEqual(ways.takeCalls(), []);
});

test('a licence key that LuaAuth does not know is null at its place, the others stay', async () => {
  const user = ways.sandbox.users.get(userKey);
  assert.ok(user);
  ways.sandbox.users.delete(userKey);
  const { data, errors } = await ways.supergraph({
    query: '{ customer(id: "2") { licences { key executions } } }',
  });
  ways.sandbox.users.set(userKey, user);
  const { executions } = ways.sandbox.users.get(seeded.endlessUserKey) ?? {};
  assert.deepEqual(data, { customer: { licences: [null, { key: seeded.endlessUserKey, executions }] } });
  assert.deepEqual(
    errors?.map(({ extensions }) => extensions?.code),
    ['FORBIDDEN'],
  );
});

test("a project has its name and its scripts' prices from the shop, for two REST calls", async () => {
  ways.takeCalls();
  const { data, errors } = await ways.supergraph({
    query: `{ project(id: "${projectId}") { displayName scripts { id name price { cents } } } }`,
  });
  assert.equal(errors, undefined);
  const listed = [...ways.sandbox.scripts.values()].filter(({ project_id }) => project_id === projectId);
  const priceOf = (id: string) => {
    const offer = offers.find((one) => one.scriptId === id);
    return offer ? { cents: offer.cents } : null;
  };
  const { displayName, scripts } = (data as { project: { displayName: string; scripts: { id: string }[] } })
    .project;
  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
  assert.deepEqual(
    { displayName, scripts: scripts.toSorted(byId) },
    {
      displayName: 'Nightfall',
      scripts: listed.map(({ id, name }) => ({ id, name, price: priceOf(id) })).sort(byId),
    },
  );
  assert.deepEqual(ways.takeCalls(), [`GET /projects/${projectId}`, `GET /projects/${projectId}/executions`]);
});
