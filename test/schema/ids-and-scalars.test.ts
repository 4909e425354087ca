import { isScalarType, isSpecifiedScalarType } from 'graphql';
import { expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { createSchema } from '../../src/features/schema.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });
const { scriptId, projectId } = seeded;

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
    `{ script(id: "${scriptId}") { executions { index date } } project(id: "${projectId}") { executions { index } } }`,
  );
  expect(errors).toBeUndefined();
  for (const one of [data?.script, data?.project]) {
    const indexes = one?.executions.map(({ index }) => index) ?? [];
    expect(indexes.length).toBeGreaterThan(1);
    expect(indexes).toEqual(indexes.map((_index, place) => place));
  }
});
