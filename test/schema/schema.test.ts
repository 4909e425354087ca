import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isIntrospectionType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  printType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../scripts/schema-tables.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import type { TestGateway } from '../support/gateways/gateway.ts';
import { textOf } from '../support/repository/repository.ts';

const INTROSPECTION = getIntrospectionQuery({
  descriptions: true,
  inputValueDeprecation: true,
  specifiedByUrl: true,
  schemaDescription: true,
});

/** The schema as a client sees it, without a key. */
async function introspect(gateway: TestGateway): Promise<GraphQLSchema> {
  const { data, errors } = await gateway.execute<IntrospectionQuery, undefined>(INTROSPECTION, undefined, {});
  expect(errors).toBeUndefined();
  return buildClientSchema(data as IntrospectionQuery);
}

/** The text of each type of ours by its name, in alphabetical order. */
function typesOf(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const types = Object.values(lexicographicSortSchema(schema).getTypeMap());
  const ours = types.filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
  return new Map(ours.map((type) => [type.name, printType(type)]));
}

const print = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema));

describe('the schema that is served', () => {
  const fixture = useSandbox();

  it('is the one that is committed', async () => {
    const committed = textOf('schema/schema.graphql');
    expect(print(await introspect(fixture.gateway))).toBe(print(buildSchema(committed)));
  });

  it('shows nothing of what only routers and the compiler of Relay ask for', async () => {
    const shown = await fixture.gateway.execute(INTROSPECTION, undefined, {});
    expect(JSON.stringify(shown.data)).not.toMatch(/"(_[a-z]|fetch)/i);
    const { data } = await fixture.gateway.execute(
      `{
        any: __type(name: "_Any") { name }
        entity: __type(name: "_Entity") { name }
        service: __type(name: "_Service") { name }
        query: __type(name: "Query") { fields(includeDeprecated: true) { name } }
      }`,
    );
    expect(data).toMatchObject({ any: null, entity: null, service: null });
    expect(JSON.stringify(data)).not.toMatch(/"(_[a-z]|fetch)/i);
  });

  it.each([
    ['{ _entity { __typename } }', 'Query'],
    ['{ fetch__Scripts(id: "a") { id } }', 'Query'],
    ['{ ... on _Entiti { __typename } }', '_Entiti'],
    ['query ($r: _Ani) { rateLimit { cost } }', '_Ani'],
  ])('does not suggest it either: %s', async (document, named) => {
    const { errors } = await fixture.gateway.execute(document);
    expect(errors?.[0]?.message).toContain(named);
    expect(errors?.[0]?.message).not.toMatch(/_entities|fetch__Script"|_Entity|_Any/);
  });
});

describe('the schema in read-only mode', () => {
  const fixture = useSandbox({ gateway: { readOnly: true } });
  const whole = useSandbox();

  it('has no mutation and no type that only mutations use', async () => {
    const [reads, all] = await Promise.all([introspect(fixture.gateway), introspect(whole.gateway)]);
    expect(reads.getMutationType()).toBeFalsy();
    const [kept, before] = [typesOf(reads), typesOf(all)];
    const reviewed = readTable(textOf('schema/read-only.txt'));
    const gone = [...before.keys()].filter((name) => !kept.has(name));
    expect(gone.sort()).toEqual([...reviewed.keys()]);
    for (const [name, text] of kept) expect(text).toBe(before.get(name));
  });

  it('tells a federation router of no mutation either', async () => {
    const { data } = await fixture.gateway.execute<{ _service: { sdl: string } }, undefined>(
      '{ _service { sdl } }',
      undefined,
      {},
    );
    expect(data?._service.sdl).toContain('type Script');
    expect(data?._service.sdl).not.toMatch(/Mutation|Refusal|Success/);
  });

  it('refuses a mutation before anything is called', async () => {
    for (const [accept, status] of [
      ['application/graphql-response+json', 422],
      ['application/json', 200],
    ] as const) {
      const { errors, ...answer } = await fixture.gateway.execute(
        'mutation { deleteScript(input: { id: "a" }) { __typename } }',
        undefined,
        { token: 'sandbox-key', accept },
      );
      expect([answer.status, answer.data]).toEqual([status, undefined]);
      expect(errors).toEqual([
        expect.toBeError('GRAPHQL_VALIDATION_FAILED', {
          message: 'This schema has no mutations, because the gateway is READ_ONLY.',
          outcome: 'NOT_EXECUTED',
        }),
      ]);
    }
    expect(fixture.lines()).toEqual([]);
  });
});
