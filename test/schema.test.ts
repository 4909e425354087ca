import { readFileSync } from 'node:fs';
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { graphql } from './gql/index.ts';
import { CONTRACT } from './support/contract.ts';
import { useSandbox } from './support/fixture.ts';
import type { TestGateway } from './support/gateway.ts';
import { describedInDirective, describedInType, ownTypes, signaturesOf } from './support/schema-facts.ts';

const INTROSPECTION = getIntrospectionQuery({
  descriptions: true,
  inputValueDeprecation: true,
  specifiedByUrl: true,
});

const READ_ONLY_SDL = graphql(/* GraphQL */ `
  query ReadOnlySdl {
    _service {
      sdl
    }
  }
`);

/** The schema as a client sees it, without a key. */
async function introspect(gateway: TestGateway): Promise<GraphQLSchema> {
  const { data, errors } = await gateway.execute<IntrospectionQuery, undefined>(INTROSPECTION, undefined, {});
  expect(errors).toBeUndefined();
  return buildClientSchema(data as IntrospectionQuery);
}

const print = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema));

describe('the schema that is served', () => {
  const fixture = useSandbox();

  it('is the one that is committed', async () => {
    const committed = readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8');
    expect(print(await introspect(fixture.gateway))).toBe(print(buildSchema(committed)));
  });

  it('describes every type, field, argument, input field, enum value and directive', async () => {
    const schema = await introspect(fixture.gateway);
    const entries = [
      ...ownTypes(schema).flatMap(describedInType),
      ...schema.getDirectives().flatMap(describedInDirective),
    ];
    expect(entries.length).toBeGreaterThan(100);
    expect(entries.filter(([, description]) => !description?.trim()).map(([name]) => name)).toEqual([]);
  });

  it('ends its queries with what only routers and the compiler of Relay ask for', async () => {
    const names = Object.keys((await introspect(fixture.gateway)).getQueryType()?.getFields() ?? {});
    expect(names.slice(0, 2)).toEqual(['project', 'projects']);
    expect(names.slice(-4)).toEqual(['_entities', '_service', 'fetch__Script', 'fetch__Session']);
  });

  it('has everything that clients and the supergraph rely on', async () => {
    const signatures = ownTypes(await introspect(fixture.gateway)).flatMap(signaturesOf);
    expect(CONTRACT.filter((line) => !signatures.includes(line))).toEqual([]);
  });
});

describe('the schema in read-only mode', () => {
  const fixture = useSandbox({ gateway: { readOnly: true } });
  const whole = useSandbox();

  it('has no mutation and no type that only mutations use', async () => {
    const [reads, all] = await Promise.all([introspect(fixture.gateway), introspect(whole.gateway)]);
    expect(reads.getMutationType()).toBeFalsy();
    const kept = new Set(ownTypes(reads).map(({ name }) => name));
    const gone = ownTypes(all).filter((type) => !kept.has(type.name) && !isSpecifiedScalarType(type));
    expect(gone.map(({ name }) => name).sort()).toEqual([
      'AccountExpired',
      'AlreadyBlacklisted',
      'BlacklistUserInput',
      'BlacklistUserResult',
      'BlacklistUserSuccess',
      'DeleteProjectInput',
      'DeleteProjectResult',
      'DeleteProjectSuccess',
      'DeleteScriptInput',
      'DeleteScriptResult',
      'DeleteScriptSuccess',
      'DisconnectSessionInput',
      'DisconnectSessionResult',
      'DisconnectSessionSuccess',
      'DisconnectSessionsInput',
      'DisconnectSessionsResult',
      'DisconnectSessionsSuccess',
      'DiscordAlreadyLinked',
      'EditProjectInput',
      'EditProjectResult',
      'EditProjectSuccess',
      'EditScriptInput',
      'EditScriptResult',
      'EditScriptSuccess',
      'EditUserInput',
      'EditUserResult',
      'EditUserSuccess',
      'InvalidField',
      'InvalidFields',
      'JSON',
      'MessageDelivered',
      'MessageFailure',
      'MessageNotDelivered',
      'MessageSessionInput',
      'MessageSessionResult',
      'Mutation',
      'NotBlacklisted',
      'NotPermitted',
      'NothingToEdit',
      'Refusal',
      'TierTooLow',
      'ToggleScriptInput',
      'ToggleScriptResult',
      'ToggleScriptSuccess',
      'UnblacklistUserInput',
      'UnblacklistUserResult',
      'UnblacklistUserSuccess',
      'UnknownRefusal',
      'UpdateScriptInput',
      'UpdateScriptResult',
      'UpdateScriptSuccess',
    ]);
    const signatures = ownTypes(all)
      .filter(({ name }) => kept.has(name))
      .flatMap(signaturesOf);
    expect(ownTypes(reads).flatMap(signaturesOf).sort()).toEqual(signatures.sort());
  });

  it('tells a federation router of no mutation either', async () => {
    const { data } = await fixture.gateway.execute(READ_ONLY_SDL, undefined, {});
    expect(data?._service.sdl).toContain('type Script');
    expect(data?._service.sdl).not.toMatch(/Mutation|Refusal|Success/);
  });

  it('refuses a mutation before anything is called', async () => {
    const { errors } = await fixture.gateway.execute(
      'mutation { deleteScript(input: { id: "a" }) { __typename } }',
    );
    expect(errors?.[0]?.message).toMatch(/mutation/);
    expect(fixture.lines()).toEqual([]);
  });
});
