import { isScalarType, isSpecifiedScalarType } from 'graphql';
import { expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../src/features/schema.ts';
import { ask, jsonTextPost } from '../support/clients/json-post.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });

const INPUTS = {
  DateTime: ['editUser', { key: seeded.userKey }, 'keyExpiresAt', 'key_expires'],
  SafeInt: [
    'editProject',
    { id: seeded.projectId },
    'fingerprintResetCooldownMs',
    'fingerprint_reset_cooldown',
  ],
} as const;
type Scalar = keyof typeof INPUTS;

/** The errors, and what reached the REST side: the value in a variable, then the same in the document. */
async function sendBothWays(scalar: Scalar, value: unknown) {
  const [mutation, target, field, wireName] = INPUTS[scalar];
  const [[idName, id] = []] = Object.entries(target);
  const documents = [
    [
      `mutation ($v: ${scalar}) { ${mutation}(input: { ${idName}: "${id}", ${field}: $v }) { __typename } }`,
      value,
    ],
    [
      `mutation { ${mutation}(input: { ${idName}: "${id}", ${field}: ${JSON.stringify(value)} }) { __typename } }`,
      undefined,
    ],
  ] as const;
  const outcomes = [];
  for (const [query, v] of documents) {
    fixture.sandbox.reset();
    const { errors = [] } = await ask(fixture.gateway.url, { query, variables: { v } });
    const sent = fixture.sandbox.calls.map(({ body }) => (body as Record<string, unknown>)[wireName]);
    outcomes.push({ errors: errors.map(({ message }) => message), sent });
  }
  return outcomes;
}

it.each([
  ['DateTime', '2030-01-02T03:04:05Z', Date.UTC(2030, 0, 2, 3, 4, 5)],
  ['DateTime', '2030-01-02t03:04:05.678901z', Date.UTC(2030, 0, 2, 3, 4, 5, 678)],
  ['DateTime', '2030-01-02T03:04:05+02:30', Date.UTC(2030, 0, 2, 0, 34, 5)],
  ['DateTime', '9999-12-31T23:59:59.999Z', Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
  ['DateTime', '2032-02-29T23:59:59-23:59', Date.UTC(2032, 2, 1, 23, 58, 59)],
  ['SafeInt', 0, 0],
  ['SafeInt', 4_294_967_296, 4_294_967_296],
  ['SafeInt', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
] satisfies [Scalar, unknown, number][])('%s %j goes to the API as %i', async (scalar, value, wire) => {
  const outcome = { errors: [], sent: [wire] };
  expect(await sendBothWays(scalar, value)).toEqual([outcome, outcome]);
});

const NO_INSTANT = 'A DateTime must be a string such as "2026-02-09T08:08:20Z"';
const NO_COUNT = 'A SafeInt must be a whole number up to 2^53 - 1.';

it.each([
  ['DateTime', '2030-02-29T00:00:00Z'],
  ['DateTime', '2030-04-31T00:00:00Z'],
  ['DateTime', '2030-13-01T00:00:00Z'],
  ['DateTime', '2030-01-02T24:00:00Z'],
  ['DateTime', '2030-01-02T23:59:60Z'],
  ['DateTime', '9999-12-31T23:59:59-00:01'],
  ['DateTime', '0000-01-01T00:00:00+00:01'],
  ['DateTime', '2030-01-02T03:04:05'],
  ['DateTime', '2030-01-02 03:04:05Z'],
  ['DateTime', '2030-01-02'],
  ['DateTime', ' 2030-01-02T03:04:05Z'],
  ['DateTime', ''],
  ['DateTime', 1_893_553_445_000],
  ['DateTime', true],
  ['SafeInt', 1.5],
  ['SafeInt', '86400000'],
  ['SafeInt', true],
  ['SafeInt', [1]],
] satisfies [Scalar, unknown][])(
  '%s %j is refused in words that quote nothing, and nothing is sent',
  async (scalar, value) => {
    const outcomes = await sendBothWays(scalar, value);
    const said = scalar === 'DateTime' ? NO_INSTANT : NO_COUNT;
    expect(outcomes).toEqual([
      { errors: [expect.stringContaining(said)], sent: [] },
      { errors: [expect.stringContaining(said)], sent: [] },
    ]);
  },
);

it('SafeInt 2^53 is refused, however it is written', async () => {
  const field = 'fingerprintResetCooldownMs';
  const body = `{"query":"mutation ($v: SafeInt) { editProject(input: { id: \\"a\\", ${field}: $v }) { __typename } }","variables":{"v":9007199254740993}}`;
  const init = jsonTextPost(body, { token: 'sandbox-key' });
  const response = await fetch(`${fixture.gateway.url}/graphql`, init);
  const { errors } = (await response.json()) as { errors: { message: string }[] };
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(NO_COUNT)]);
  expect(fixture.lines()).toEqual([]);
});

it('every scalar says where it is specified, and the schema what it is, also by introspection', async () => {
  const scalars = Object.values(createSchema().getTypeMap()).filter(isScalarType);
  const own = scalars.filter((type) => !isSpecifiedScalarType(type));
  expect(own.length).toBeGreaterThanOrEqual(3);
  expect(own.filter(({ specifiedByURL }) => !URL.canParse(specifiedByURL ?? ''))).toEqual([]);
  const { data } = await fixture.gateway.execute<
    { __schema: { description: string }; __type: object },
    object
  >('{ __schema { description } __type(name: "DateTime") { specifiedByURL } }');
  expect(data?.__schema.description).toContain('REST API of LuaAuth');
  expect(data?.__type).toEqual({ specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html' });
});

it('a user has an id of its own that is the same wherever it is met, and shows nothing of the key', async () => {
  const [one = '', other = ''] = [...fixture.sandbox.users.keys()];
  interface Users {
    readonly users: { readonly id: string }[];
    readonly _entities: { readonly id: string }[];
  }
  const { data, errors } = await fixture.gateway.execute<Users, object>(
    `query ($keys: [ID!]!, $r: [_Any!]!) {
      users(keys: $keys) { id }
      _entities(representations: $r) { ... on User { id } }
    }`,
    { keys: [one, other], r: [{ __typename: 'User', key: one }] },
  );
  expect(errors).toBeUndefined();
  const ids = data?.users.map(({ id }) => id) ?? [];
  expect(new Set(ids).size).toBe(2);
  expect(data?._entities).toEqual([{ id: ids[0] }]);
  expect(ids.every((id) => /^[\w-]{43}$/.test(id))).toBe(true);
  expect(JSON.stringify(ids)).not.toContain(one);
});

it('days of executions say their place in the list of the API', async () => {
  interface Listed {
    readonly executions: { readonly index: number }[];
  }
  const { data, errors } = await fixture.gateway.execute<{ script: Listed; project: Listed }, object>(
    `{ script(id: "${seeded.scriptId}") { executions { index date } } project(id: "${seeded.projectId}") { executions { index } } }`,
  );
  expect(errors).toBeUndefined();
  for (const one of [data?.script, data?.project]) {
    const indexes = one?.executions.map(({ index }) => index) ?? [];
    expect(indexes.length).toBeGreaterThan(1);
    expect(indexes).toEqual(indexes.map((_index, place) => place));
  }
});
