import { beforeEach, describe, expect, it } from 'vitest';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { entriesOf, ringOf } from '../../support/clients/keys.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';

const TOOLS = {
  script: 'query script($id: ID!) { script(id: $id) { name } }',
  scripts: 'query scripts($ids: [ID!]!) { scripts(ids: $ids) { name } }',
  executions: 'query executions($id: ID!) { script(id: $id) { executions { count } } }',
  session: 'query session($id: ID!) { session(id: $id) { jobId } }',
  note: 'query note($key: ID!) { user(key: $key) { note } }',
  maybeNote:
    'query maybeNote($id: ID!, $key: ID!, $with: Boolean = false) { script(id: $id) { name } user(key: $key) @include(if: $with) { note } }',
  fragment: 'query fragment($id: ID!) { script(id: $id) { ...S } } fragment S on Script { project { name } }',
  reference:
    'query reference($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Script { name } } }',
  toggle: 'mutation toggle($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } }',
  remove: 'mutation remove($id: ID!) { deleteScript(input: { id: $id }) { __typename } }',
  both: 'mutation both($id: ID!) { toggleScript(input: { id: $id, enabled: true }) { __typename } deleteScript(input: { id: $id }) { __typename } }',
  end: 'mutation end($id: ID!) { disconnectSession(input: { id: $id }) { __typename } }',
};
const NARROW = {
  name: 'narrow',
  scopes: ['scripts:read', 'scripts:write', 'sessions:read', 'sessions:write'],
};
const keyRing = ringOf([]);
const fixture = useRecorder({
  credentials: { heldKey: 'held', keyRing },
  ...forAgents(new Map(Object.entries(TOOLS)), true),
});

beforeEach(() => {
  fixture.respond = answerPlainly;
  keyRing.replace(entriesOf([{ name: 'all' }, NARROW]));
});

const send = (method: string, params: object, key = 'narrow') =>
  sendMessage(fixture.gateway.url, key, method, params);
const call = (name: string, args: object, key?: string) => send('tools/call', { name, arguments: args }, key);
const noTool = (name: string) => ({
  error: {
    code: -32_602,
    message: expect.stringContaining(`There is no tool ${JSON.stringify(name)} for this key`),
  },
});
const forbidden = {
  result: { isError: true, structuredContent: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } },
};
const ids = { id: 'mine', key: 'k', ids: ['mine'] };

describe('a key without the scopes reaches nothing more, and is told nothing more', () => {
  it.each<[way: string, ask: () => ReturnType<typeof send>, says: object]>([
    ['a tool that reads what it may not', () => call('note', ids), noTool('note')],
    [
      'one that only may read it, by a condition',
      () => call('maybeNote', { ...ids, with: false }),
      noTool('maybeNote'),
    ],
    ['one that reads it in a fragment', () => call('fragment', ids), noTool('fragment')],
    ['one that writes what it may not', () => call('remove', ids), noTool('remove')],
    ['one that writes this beside what it may', () => call('both', ids), noTool('both')],
    ['the plan of one', () => call('remove', { ...ids, plan: true }), noTool('remove')],
    ['one with arguments that would be refused', () => call('note', { kez: 1 }), noTool('note')],
    ['the name of no tool, which sounds the same', () => call('nothing', ids), noTool('nothing')],
    ['the name of a prototype', () => call('__proto__', ids), noTool('__proto__')],
    ['the id of a document', () => call('sha256:0', ids), noTool('sha256:0')],
    ['a query of its own', () => call('graphql', { query: '{ user(key: "k") { note } }' }), forbidden],
    [
      'a mutation of its own',
      () => call('graphql', { query: 'mutation { deleteScript(input: { id: "mine" }) { __typename } }' }),
      { result: { isError: true } },
    ],
    [
      'a mutation beside a query',
      () =>
        call('graphql', {
          query:
            'query a { rateLimit { cost } } mutation b { deleteScript(input: { id: "mine" }) { __typename } }',
          operationName: 'b',
        }),
      { result: { isError: true } },
    ],
    [
      'a reference to a user',
      () => call('reference', { r: [{ __typename: 'User', key: 'k' }] }),
      {
        result: {
          structuredContent: { data: { _entities: [null] }, errors: [{ extensions: { code: 'FORBIDDEN' } }] },
        },
      },
    ],
    [
      'the id of a listed document as a query',
      () => call('graphql', { documentId: 'remove', query: '' }),
      { result: { isError: true } },
    ],
    [
      'a key among the arguments',
      () => call('script', { ...ids, authorization: 'Bearer all' }),
      { result: { isError: true } },
    ],
    ['resources', () => send('resources/list', {}), { error: { code: -32_601 } }],
    ['prompts', () => send('prompts/list', {}), { error: { code: -32_601 } }],
    [
      'completion',
      () =>
        send('completion/complete', {
          ref: { type: 'ref/prompt', name: 'note' },
          argument: { name: 'a', value: '' },
        }),
      { error: { code: -32_601 } },
    ],
  ])('by %s', async (_way, ask, says) => {
    expect(await ask()).toMatchObject(says);
    expect(fixture.recorder.lines()).toEqual([]);
  });

  it('is listed the tools within them alone, and none from a cursor on, of which there are none', async () => {
    const { result } = await send('tools/list', {});
    expect(result?.tools?.map(({ name }) => name)).toEqual([
      'end',
      'executions',
      'reference',
      'script',
      'scripts',
      'session',
      'toggle',
      'graphql',
    ]);
    expect(JSON.stringify(result)).not.toMatch(/note|deleteScript/);
    const refused = await send('tools/list', { cursor: 'MQ==' });
    expect(refused.result).toBeUndefined();
    expect(refused.error).toMatchObject({
      code: -32_602,
      message: expect.stringContaining('no cursor is valid'),
    });
  });

  it('loses a tool with its scope, and all with its end', async () => {
    keyRing.replace(entriesOf([{ ...NARROW, scopes: ['sessions:read'] }]));
    expect(await call('script', ids)).toMatchObject(noTool('script'));
    keyRing.replace(entriesOf([]));
    expect(await call('session', ids)).toMatchObject({ status: 401 });
    expect(fixture.recorder.lines()).toEqual([]);
  });
});

it('listing the tools takes nothing from the rate of a key', async () => {
  keyRing.replace(entriesOf([{ ...NARROW, rate: 1 }]));
  const lists = await Promise.all(Array.from({ length: 20 }, () => send('tools/list', {})));
  for (const { result } of lists) expect(result?.tools?.map(({ name }) => name)).toContain('script');
  expect(fixture.recorder.lines()).toEqual([]);
  // The key may send one call a second.
  expect((await call('script', { id: 'mine' })).result).toMatchObject({
    structuredContent: { data: { script: {} } },
  });
});
