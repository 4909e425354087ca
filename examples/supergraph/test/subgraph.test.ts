import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSubgraphSchema, printSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, isUnionType, parse, print } from 'graphql';
import { readSubgraphs } from '../subgraphs.ts';

const ours = readSubgraphs().find(({ name }) => name === 'luaauth')?.typeDefs;
assert(ours);
const theirs: GraphQLSchema = buildSubgraphSchema(ours);

test("what Apollo's library prints of the gateway's subgraph is what the gateway prints", () => {
  assert.equal(print(parse(printSubgraphSchema(theirs))), print(ours));
});

test("Apollo's library finds the entities that the gateway resolves", () => {
  const entities = theirs.getType('_Entity');
  assert(isUnionType(entities));
  assert.deepEqual(
    entities
      .getTypes()
      .map(({ name }) => name)
      .sort(),
    ['AdSystem', 'Project', 'Script', 'Session', 'User'],
  );
});
