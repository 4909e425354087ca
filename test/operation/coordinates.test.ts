import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });
const { scriptId: id } = seeded;

/** Operations with the coordinates of what fails in them. */
const cases: [what: string, query: string, ...coordinates: (string | undefined)[]][] = [
  ['a field', '{ script(id: "nobody") { name } }', 'Query.script'],
  ['a field with an alias', '{ a: script(id: "nobody") { name } }', 'Query.script'],
  ['an item of a list', '{ scripts(ids: ["nobody", ".."]) { name } }', 'Query.scripts', 'Query.scripts'],
  ['a nested field', `{ script(id: "${id}") { sessions(first: 1000) { nodes { id } } } }`, 'Script.sessions'],
  ['a field of a fragment', '{ ...F } fragment F on Query { session(id: "nobody") { id } }', 'Query.session'],
  [
    'a field of an entity',
    `{ _entities(representations: [{ __typename: "Script", id: "${id}" }]) { ... on Script { sessions(after: "x") { nodes { id } } } } }`,
    'Script.sessions',
  ],
  ['a mutation', 'mutation { deleteScript(input: { id: ".." }) { __typename } }', 'Mutation.deleteScript'],
  ['a document that is not valid', '{ nothing }', undefined],
  ['a document that is none', '{', undefined],
  ['a variable', 'query ($id: ID!) { script(id: $id) { name } }', undefined],
];

describe('an error says the schema coordinate of its field', () => {
  it.each(cases)('%s', async (_what, query, ...coordinates) => {
    const { errors } = await fixture.gateway.execute(query);
    expect(errors?.map(({ extensions }) => extensions.coordinate)).toEqual(coordinates);
  });

  it('also where only a variable makes an argument of it wrong', async () => {
    const query = 'query ($id: ID = "a") { script(id: $id) { name } }';
    const { errors } = await fixture.gateway.execute(query, { id: null });
    expect(errors).toEqual([
      expect.toBeError('BAD_USER_INPUT', {
        message: 'Argument "id" of non-null type "ID!" must not be null.',
        path: ['script'],
        coordinate: 'Query.script',
      }),
    ]);
  });
});

describe('descriptions of operations, variables and fragments', () => {
  const described = `
    """
    What a script is called.
    """
    query Name("The script." $id: ID!) { ...Part }
    "A part of it."
    fragment Part on Query { script(id: $id) { name } }`;

  it('are taken', async () => {
    const { data } = await fixture.gateway.execute(described, { id });
    expect(data).toEqual({ script: { name: 'Nightfall Hub' } });
  });

  it('are quoted nowhere', async () => {
    const many = await fixture.gateway.execute(`"s3cret" query { ${'a '.repeat(3_000)} }`);
    expect(many.errors).toEqual([expect.toBeError('OPERATION_TOO_LARGE')]);
    const shorthand = await fixture.gateway.execute('"s3cret" { __typename }');
    expect(shorthand.errors).toEqual([expect.toBeError('GRAPHQL_PARSE_FAILED')]);
    expect(JSON.stringify([many, shorthand])).not.toContain('s3cret');
  });
});
