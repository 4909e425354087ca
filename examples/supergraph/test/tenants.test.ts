import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, startRecorder } from '../../../test/support/api/recorder.ts';
import { offers } from '../shop/data.ts';
import { ask, dataOf } from './support/ask.ts';
import { comparable } from './support/both-ways.ts';
import { type Stack, startStack } from './support/stack.ts';

const KEYS = ['key-of-ada', 'key-of-bob'] as const;
const ROUNDS = 30;

// The same ids answer each key with something else, which no real account would see, so that a mix-up would show.
let api: Awaited<ReturnType<typeof startRecorder>>;
let stack: Stack;
before(async () => {
  api = await startRecorder(async ({ line, headers }, response) => {
    const key = String(headers.token);
    const [, , , id = '', part] = line.split(/[ /]/);
    // Answers overtake each other.
    await sleep((api.calls.length * 7) % 5);
    if (part === 'sessions') return json(response, { success: true, sessions: [sessionOf(key, id)] });
    return json(response, { success: true, script: scriptOf(key, id) });
  });
  stack = await startStack(api.url);
});
after(async () => {
  await stack.stop();
  await api.close();
});

const scriptOf = (key: string, id: string) => ({
  id,
  project_id: `project-${key}`,
  name: `${id} of ${key}`,
  free_for_all: false,
  use_heartbeat: true,
  kick_outdated: false,
  require_sessions: false,
  enabled: true,
  total_executions: key.length,
  total_sessions: 1,
  total_instances: 1,
});
const sessionOf = (key: string, id: string) => ({
  id: `session-${key}`,
  user_key: `licence-${key}`,
  script_id: id,
  roblox_id: 1,
  place_id: 2,
  job_id: key,
  created_at: 1770624500000,
});

const GATEWAY_FIELDS = 'name project { id } sessions(first: 1) { nodes { id userKey jobId } }';
const JOINED = `{ catalogue { edges { node { id price { cents } ${GATEWAY_FIELDS} } } } }`;
const DIRECT = {
  query: `query ($ids: [ID!]!) { scripts(ids: $ids) { id ${GATEWAY_FIELDS} } }`,
  variables: { ids: offers.map(({ scriptId }) => scriptId) },
};

test('two callers at once get the data of their own key, whichever header it is in', async () => {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round % 2).map(async (mine, round) => {
    const key = KEYS[mine] as string;
    const headers: Record<string, string> =
      round % 4 < 2 ? { token: key } : { authorization: `Bearer ${key}` };
    const [joined, direct] = await Promise.all([
      ask(stack.urls.supergraph, { query: JOINED }, headers),
      ask(stack.urls.luaauth, DIRECT, headers),
    ]);
    type Catalogue = { catalogue: { edges: { node: Record<string, unknown> }[] } };
    const { edges } = dataOf<Catalogue>(joined).catalogue;
    const withoutPrices = edges.map(({ node: { price: _, ...script } }) => script);
    assert.deepEqual(withoutPrices, direct.data?.scripts);
    const text = JSON.stringify(joined);
    assert.ok(text.includes(key));
    assert.ok(!text.includes(KEYS[1 - mine] as string), `the answer for ${key} has data of the other key`);
  });
  await Promise.all(rounds);
  const keys = new Set(api.calls.map(({ headers }) => headers.token));
  assert.deepEqual([...keys].sort(), [...KEYS]);
});

test('a caller without a key gets nothing of callers with a key', async () => {
  const [nobody] = await Promise.all([
    ask(stack.urls.supergraph, { query: JOINED }),
    ...KEYS.map((token) => ask(stack.urls.supergraph, { query: JOINED }, { token })),
  ]);
  const { data, errors } = comparable(nobody);
  assert.deepEqual(data, { catalogue: { edges: offers.map(() => ({ node: null })) } });
  assert.deepEqual(
    errors.map(({ extensions }) => extensions.code),
    offers.map(() => 'UNAUTHENTICATED'),
  );
});

test('the shop never gets a key', async () => {
  await ask(stack.urls.supergraph, { query: JOINED }, { token: KEYS[0] });
  assert.ok(stack.shopSaw.length > 0);
  for (const headers of stack.shopSaw) assert.doesNotMatch(JSON.stringify(headers), /key-of/);
});
