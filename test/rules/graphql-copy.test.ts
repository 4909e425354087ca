import { createRequire } from 'node:module';
import { GraphQLError, GraphQLObjectType } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { expect, it } from 'vitest';
import { createSchema } from '../../src/features/schema.ts';
import { textOf } from '../support/repository/repository.ts';

// Under vitest our files could get the ESM build of graphql and the libraries the CommonJS one: then every expected
// error is masked, in tests only. vitest.config.ts keeps it to one copy.
it('graphql is one copy for us, Yoga and Pothos: each knows the classes of the others', () => {
  expect(createGraphQLError('made by Yoga')).toBeInstanceOf(GraphQLError);
  expect(createSchema().getQueryType()).toBeInstanceOf(GraphQLObjectType);
  expect(createRequire(import.meta.url)('graphql').GraphQLError).toBe(GraphQLError);
});

it('graphql is installed once', () => {
  const lock = JSON.parse(textOf('package-lock.json'));
  const copies = Object.keys(lock.packages).filter((path) => path.endsWith('node_modules/graphql'));
  expect(copies).toEqual(['node_modules/graphql']);
});
