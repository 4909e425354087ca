import { beforeEach, expect, it } from 'vitest';
import { createIdentify } from '../../../src/callers/identify.ts';
import { RecentRequests } from '../../../src/features/dashboard/recent-requests.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const { scriptId, userKey } = seeded;
const keyRing = ringOf([
  { name: 'support' },
  { name: 'bot', scopes: ['scripts:read'] },
  { name: 'reader', scopes: ['metrics:read'] },
  { name: 'limited', scopes: ['scripts:read', 'metrics:read'], scripts: [scriptId] },
]);
const credentials = { heldKey: 'sandbox-key', keyRing };
const recent = new RecentRequests(createIdentify(credentials, () => undefined));
const fixture = useSandbox({ gateway: { credentials, observers: [recent], pages: [recent.route] } });

const run = (key: string, query: string, variables?: object) =>
  fixture.gateway.execute(query, variables, bearer(key));
const list = async (key: string, init: RequestInit = {}) => {
  const headers = { ...bearer(key), accept: 'application/graphql-response+json' };
  const response = await fetch(`${fixture.gateway.url}/dashboard/requests.json`, { headers, ...init });
  return { status: response.status, text: await response.text() };
};
const rowsFor = async (key: string) => JSON.parse((await list(key)).text);

// Tests share the list, which keeps the last 200 operations.
beforeEach(async () => {
  await run('support', 'query Begin { __typename }');
});

it('lists the newest operations first, with their calls, codes and fields', async () => {
  await run('bot', 'query Name($id: ID!) { script(id: $id) { name } }', { id: scriptId });
  await run('bot', 'query Lost { script(id: "NoSuchScript") { name } }');
  const rows = await rowsFor('reader');
  expect(rows.slice(0, 3)).toMatchObject([
    { name: 'Lost', type: 'query', caller: 'bot', calls: 1, codes: ['FORBIDDEN'], fields: ['Query.script'] },
    { name: 'Name', type: 'query', caller: 'bot', calls: 1, status: 200, codes: [], fields: [] },
    { name: 'Begin', caller: 'support', calls: 0 },
  ]);
  expect(Object.keys(rows[0]).sort()).toEqual(
    ['at', 'calls', 'caller', 'codes', 'fields', 'ms', 'name', 'requestId', 'status', 'type'].sort(),
  );
  expect([Date.parse(rows[0].at) > 0, Number.isInteger(rows[0].ms)]).toEqual([true, true]);
});

it('shows no variable, no argument and no key', async () => {
  await run('bot', `query Secret { user(key: "${userKey}") { note } }`);
  await run('support', 'query Look($key: ID!) { user(key: $key) { note } }', { key: userKey });
  await run('a-key-that-is-wrong', 'query Wrong($key: ID!) { user(key: $key) { note } }', { key: [userKey] });
  await run('support', 'query Bad { user(key: 5.5) { note } }');
  const { text } = await list('reader');
  expect(JSON.parse(text)[0]).toMatchObject({ name: 'Bad' });
  for (const secret of [userKey, 'a-key-that-is-wrong', 'sandbox-key', '5.5'])
    expect(text).not.toContain(secret);
});

it('shows a key with lists its own operations only', async () => {
  await run('limited', 'query Mine { __typename }');
  const callers = new Set((await rowsFor('limited')).map(({ caller }: { caller: string }) => caller));
  expect([...callers]).toEqual(['limited']);
});

it('keeps the last 200', async () => {
  for (let index = 0; index < 201; index += 1) await run('bot', `query Many${index} { __typename }`);
  const rows = await rowsFor('reader');
  expect([rows.length, rows[0].name, rows.at(-1).name]).toEqual([200, 'Many200', 'Many1']);
});

it.each([
  ['bot', 403, 'lacks the scope metrics:read'],
  ['unknown', 401, 'is not one of this gateway'],
  ['', 401, 'No key was sent'],
])('refuses the key %j with %i', async (key, status, problem) => {
  const answer = await list(key);
  expect(answer).toEqual({ status, text: expect.stringContaining(problem) });
  expect(answer.text).not.toContain('Begin');
});
