import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithTheGuild } from '@theguild/federation-composition';
import {
  federateSubgraphs as composeWithCosmo,
  ROUTER_COMPATIBILITY_VERSION_ONE,
} from '@wundergraph/composition';
import { buildASTSchema, buildSchema, type GraphQLSchema, isObjectType } from 'graphql';
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

test('@apollo/composition has no error and no hint', () => {
  const fields = apolloFields();
  for (const field of ['Script.name(): String!', 'Script.price(): Price', 'Project.displayName(): String']) {
    assert.ok(fields.includes(field), field);
  }
});

test('@theguild/federation-composition has no error and offers the same fields', () => {
  const { errors, publicSdl } = composeWithTheGuild([...subgraphs]);
  assert.equal(errors, undefined);
  assert.deepEqual(fieldsOf(buildSchema(publicSdl ?? '')), apolloFields());
});

test('@wundergraph/composition, for Cosmo, has no error and no warning and offers the same fields', () => {
  const result = composeWithCosmo({
    subgraphs: subgraphs.map(({ name, url, typeDefs: definitions }) => ({ name, url, definitions })),
    version: ROUTER_COMPATIBILITY_VERSION_ONE,
  });
  assert.deepEqual(result.warnings.map(String), []);
  assert.ok(result.success, result.success ? '' : result.errors.map(String).join('\n'));
  assert.deepEqual(fieldsOf(buildASTSchema(result.federatedGraphAST)), apolloFields());
});
