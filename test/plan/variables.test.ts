import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });

const SPEC = { token: 'sandbox-key', accept: 'application/graphql-response+json' };

const UPDATE = 'mutation ($input: UpdateScriptInput!) { updateScript(input: $input) { __typename } }';
const SCRIPTS = 'query ($ids: [ID!]!) { scripts(ids: $ids) { id } }';
const FILTERED = `query ($filter: SessionFilter) {
  script(id: "${seeded.scriptId}") { sessions(filter: $filter) { nodes { id } } }
}`;

describe('a variable that does not fit its type', () => {
  it.each([
    ['an unknown field beside a source', UPDATE, { input: { id: 'x', source: 'print("s3cret")', sauce: 1 } }],
    ['a source in place of its input', UPDATE, { input: 'print("s3cret")' }],
    ['a source in a list', UPDATE, { input: { id: 'x', source: ['print("s3cret")'] } }],
    ['a licence key in an object', FILTERED, { filter: { userKey: { value: 's3cret' } } }],
    ['a licence key as an id', FILTERED, { filter: { robloxId: ['s3cret'] } }],
  ])('is refused without being quoted: %s', async (_title, document, variables) => {
    const { status, errors, ...rest } = await fixture.gateway.execute<unknown, object>(
      document,
      variables,
      SPEC,
    );
    expect(status).toBe(422);
    expect(rest).not.toHaveProperty('data');
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(JSON.stringify(errors)).not.toContain('s3cret');
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each([
    [SCRIPTS, {}, '$ids: it is missing. Give a value of type [ID!]!.'],
    [SCRIPTS, { ids: null }, '$ids: null is not allowed. Give a value of type [ID!]!.'],
    [SCRIPTS, { ids: ['a', null] }, '$ids[1]: null is not allowed. Give a value of type ID!.'],
    [
      UPDATE,
      { input: { id: 'x', source: { a: 1 } } },
      '$input.source: it has another type. Give a value of type String!.',
    ],
    [
      'mutation ($on: Boolean!) { toggleScript(input: { id: "x", enabled: $on }) { __typename } }',
      { on: 'perhaps' },
      '$on: it has another type. Give true or false.',
    ],
    [UPDATE, { input: { id: 'x' } }, '$input: Field "source" of required type "String!" was not provided.'],
    [
      'query ($n: Int) { script(id: "x") { sessions(first: $n) { nodes { id } } } }',
      { n: 1.5 },
      '$n: An Int must be sent as a whole number.',
    ],
  ])('is told by its place: %s %j', async (document, variables, message) => {
    const { errors } = await fixture.gateway.execute<unknown, object>(document, variables);
    expect(errors).toEqual([
      expect.toBeJustError('BAD_USER_INPUT', {
        message,
        locations: [{ line: 1, column: expect.any(Number) }],
        argument: message.split(':')[0],
        ...(document.startsWith('mutation') && { outcome: 'NOT_EXECUTED' }),
      }),
    ]);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('is told ten times at most', async () => {
    const { errors } = await fixture.gateway.execute<unknown, object>(SCRIPTS, {
      ids: Array(5_000).fill(null),
    });
    expect(errors).toHaveLength(10);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('is BAD_USER_INPUT also where only execution notices it', async () => {
    const { errors } = await fixture.gateway.execute<unknown, object>(
      'query ($with: Boolean = true) { script(id: "x") @include(if: $with) { id } }',
      { with: null },
    );
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(fixture.sandbox.calls).toEqual([]);
    expect(fixture.gateway.logged).toEqual([]);
  });

  it('is refused in a plan too', async () => {
    const { errors } = await fixture.gateway.execute<unknown, object>(
      SCRIPTS,
      { ids: [null] },
      { ...SPEC, 'x-upstream': 'plan' },
    );
    expect(errors?.[0]?.extensions.argument).toBe('$ids[0]');
  });
});

it('takes a default for a variable that is absent', async () => {
  const { data, errors } = await fixture.gateway.execute(
    `query ($ids: [ID!]! = ["${seeded.scriptId}"]) { scripts(ids: $ids) { id } }`,
  );
  expect(errors).toBeUndefined();
  expect(data).toEqual({ scripts: [{ id: seeded.scriptId }] });
});

it.each([
  ['updateScript(input: { id: 1, source: ["s3cret"] })', 'String cannot represent a non string value: …'],
  ['updateScript(input: "s3cret")', 'Expected value of type "UpdateScriptInput!", found ….'],
  [
    'disconnectSession(input: { id: { e: "s3cret" } })',
    'An ID must be written as a string or a whole number.',
  ],
  ['blacklistUser(input: { key: "s3cret", expiresAt: "e" })', expect.stringMatching(/^A DateTime must be a/)],
])('a literal that does not fit its type is not quoted in the words about it: %s', async (field, message) => {
  const { errors } = await fixture.gateway.execute(`mutation { ${field} { __typename } }`, {}, SPEC);
  expect(errors?.[0]?.message).toEqual(message);
  expect(JSON.stringify(errors)).not.toContain('s3cret');
  expect(fixture.sandbox.calls).toEqual([]);
});
