import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithTheGuild } from '@theguild/federation-composition';
import {
  federateSubgraphs as composeWithCosmo,
  ROUTER_COMPATIBILITY_VERSION_ONE,
} from '@wundergraph/composition';
import {
  buildASTSchema,
  buildSchema,
  type DocumentNode,
  type GraphQLSchema,
  isObjectType,
  Kind,
  parse,
  valueFromASTUntyped,
} from 'graphql';
import { startGateway } from '../gateway-process.ts';
import { readSubgraphs } from '../subgraphs.ts';

const subgraphs = readSubgraphs();

/** Every field of every object type that clients see. */
function fieldsOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => {
        const args = field.args.map((arg) => `${arg.name}: ${arg.type} = ${String(arg.defaultValue)}`).sort();
        return `${type.name}.${field.name}(${args.join(', ')}): ${field.type}`;
      }),
    )
    .sort();
}

function apolloFields(): string[] {
  const { errors, hints, schema } = composeWithApollo(subgraphs);
  assert.equal(errors, undefined);
  assert.deepEqual(hints.map(String), []);
  return fieldsOf(schema.toAPISchema().toGraphQLJSSchema());
}

interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  readonly sizedFields?: readonly string[];
}

/** The cost and list size of a field, for a router with demand control. */
interface Demand {
  readonly weight?: unknown;
  readonly listSize?: ListSize;
}

/** By field, from the directives of an SDL. */
function demandsOf({ definitions }: DocumentNode): Record<string, Demand> {
  const demands: Record<string, Demand> = {};
  for (const type of definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name, directives } of type.fields ?? []) {
      const told = new Map(directives?.map((one) => [one.name.value, one.arguments ?? []]));
      const argumentsOf = (directive: string) =>
        Object.fromEntries(
          (told.get(directive) ?? []).map((one) => [one.name.value, valueFromASTUntyped(one.value)]),
        );
      if (!told.has('cost')) continue;
      demands[`${type.name.value}.${name.value}`] = {
        weight: argumentsOf('cost').weight,
        ...(told.has('listSize') && { listSize: sizeOf(argumentsOf('listSize')) }),
      };
    }
  }
  return demands;
}

/** Without what is a default or empty, which composers may leave out or add. */
function sizeOf({ assumedSize, slicingArguments = [], sizedFields = [] }: ListSize): ListSize {
  return {
    ...(assumedSize !== undefined && { assumedSize }),
    ...(slicingArguments.length > 0 && { slicingArguments }),
    ...(sizedFields.length > 0 && { sizedFields }),
  };
}

/** The costs and list sizes in the gateway's own SDL. */
function expectedDemands(): Record<string, Demand> {
  const gateway = subgraphs.find(({ name }) => name === 'luaauth');
  assert.ok(gateway);
  const demands = demandsOf(gateway.typeDefs);
  assert.deepEqual(demands['Query.user'], { weight: 100 });
  assert.deepEqual(demands['Query.projects'], { weight: 100, listSize: { assumedSize: 10 } });
  assert.deepEqual(demands['Script.sessions']?.listSize?.slicingArguments, ['first']);
  return demands;
}

test('@apollo/composition tells routers all that the gateway says of costs and list sizes', () => {
  const { supergraphSdl } = composeWithApollo(subgraphs);
  assert.deepEqual(demandsOf(parse(supergraphSdl ?? '')), expectedDemands());
});

test('@theguild/federation-composition tells routers all that the gateway says of costs and list sizes', () => {
  const { supergraphSdl } = composeWithTheGuild([...subgraphs]);
  assert.deepEqual(demandsOf(parse(supergraphSdl ?? '')), expectedDemands());
});

test('@wundergraph/composition tells routers all that the gateway says of costs and list sizes', () => {
  const result = composeForCosmo();
  assert.ok(result.success);
  const { fieldWeights, listSizes } = result.subgraphConfigBySubgraphName.get('luaauth')?.costs ?? {};
  const demands = [...(fieldWeights ?? [])].map(([field, { weight }]): [string, Demand] => {
    const listSize = listSizes?.get(field);
    return [field, { weight, ...(listSize && { listSize: sizeOf(listSize) }) }];
  });
  assert.deepEqual(Object.fromEntries(demands), expectedDemands());
});

function composeForCosmo(of = subgraphs) {
  return composeWithCosmo({
    subgraphs: of.map(({ name, url, typeDefs: definitions }) => ({ name, url, definitions })),
    version: ROUTER_COMPATIBILITY_VERSION_ONE,
  });
}

test('@apollo/composition has no error and no hint', () => {
  const fields = apolloFields();
  for (const field of [
    'Script.name(): String!',
    'Script.price(): Price',
    'Project.displayName(): String',
    'User.note(): String',
    'User.buyer(): Customer',
    'Subscription.scriptSessions(after: String = undefined, filter: SessionFilter = undefined, scriptId: ID! = undefined): ScriptSessionsEvent!',
    'SessionsSnapshot.sessions(): [Session!]!',
    'SessionsChange.appeared(): [Session!]!',
    'Session.script(): Script',
  ]) {
    assert.ok(fields.includes(field), field);
  }
});

test('@theguild/federation-composition has no error and offers the same fields', () => {
  const { errors, publicSdl } = composeWithTheGuild([...subgraphs]);
  assert.equal(errors, undefined);
  assert.deepEqual(fieldsOf(buildSchema(publicSdl ?? '')), apolloFields());
});

test('@wundergraph/composition, for Cosmo, has no error and no warning and offers the same fields', () => {
  const result = composeForCosmo();
  assert.deepEqual(result.warnings.map(String), []);
  assert.ok(result.success, result.success ? '' : result.errors.map(String).join('\n'));
  assert.deepEqual(fieldsOf(buildASTSchema(result.federatedGraphAST)), apolloFields());
});

test('three composers tell routers which scopes a field needs, if the gateway shows them', async () => {
  const gateway = await startGateway({ PORT: '0', SUBGRAPH_SCOPES: 'true' });
  try {
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent('{ _service { sdl } }')}`, {
      headers: { 'content-type': 'application/json' },
    });
    const { data } = (await response.json()) as { data: { _service: { sdl: string } } };
    const typeDefs = parse(data._service.sdl);
    const withScopes = subgraphs.map((one) => (one.name === 'luaauth' ? { ...one, typeDefs } : one));

    const byApollo = composeWithApollo(withScopes);
    assert.equal(byApollo.errors, undefined);
    assert.deepEqual(byApollo.hints.map(String), []);
    const byTheGuild = composeWithTheGuild([...withScopes]);
    assert.equal(byTheGuild.errors, undefined);
    for (const sdl of [byApollo.supergraphSdl, byTheGuild.supergraphSdl]) {
      assert.deepEqual(scopesOf(sdl, 'User.fingerprint'), [['secrets:read']]);
      assert.deepEqual(scopesOf(sdl, 'Project.scripts'), [['projects:read', 'scripts:read']]);
      assert.equal(scopesOf(sdl, 'Query.status'), undefined);
    }

    const byCosmo = composeForCosmo(withScopes);
    assert.deepEqual(byCosmo.warnings.map(String), []);
    assert.ok(byCosmo.success, byCosmo.success ? '' : byCosmo.errors.map(String).join('\n'));
    const authorized = byCosmo.fieldConfigurations.find(
      ({ typeName, fieldName }) => typeName === 'User' && fieldName === 'fingerprint',
    );
    assert.deepEqual(authorized?.requiredScopes, [['secrets:read']]);
  } finally {
    await gateway.stop();
  }
});

/** The scopes of a field in a supergraph's SDL. */
function scopesOf(sdl: string | undefined, coordinate: string): unknown {
  const [typeName, fieldName] = coordinate.split('.');
  for (const type of parse(sdl ?? '').definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION || type.name.value !== typeName) continue;
    const field = type.fields?.find(({ name }) => name.value === fieldName);
    const [scopes] = field?.directives?.find(({ name }) => name.value === 'requiresScopes')?.arguments ?? [];
    return scopes && valueFromASTUntyped(scopes.value);
  }
  return undefined;
}
