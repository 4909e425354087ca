import { createRequire } from 'node:module';
import { GraphQLError, GraphQLObjectType, type GraphQLSchema, isObjectType } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSchema } from '../../src/features/schema.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';
import { textOf } from '../support/repository/repository.ts';

// Under vitest our files could get the ESM build of graphql and the libraries the CommonJS one: then every expected
// error is masked, in tests only. vitest.config.ts keeps it to one copy.
describe('graphql', () => {
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let gateway: TestGateway;

  beforeAll(async () => {
    recorder = await startRecorder(() => undefined);
    gateway = await openGateway({ upstream: recorder.url });
  });
  afterAll(async () => {
    await gateway.close();
    await recorder.close();
  });

  it('is one copy for us, Yoga and Pothos: each knows the classes of the others', () => {
    expect(createGraphQLError('made by Yoga')).toBeInstanceOf(GraphQLError);
    const schema: GraphQLSchema = createSchema();
    expect(schema.getQueryType()).toBeInstanceOf(GraphQLObjectType);
    expect(isObjectType(schema.getType('Script'))).toBe(true);
    expect(createRequire(import.meta.url)('graphql').GraphQLError).toBe(GraphQLError);
  });

  it('lets an expected error of a resolver through to the client, unmasked', async () => {
    const { data, errors } = await gateway.execute('{ script(id: "..") { name } }');
    expect(data).toEqual({ script: null });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { path: ['script'], argument: 'id' })]);
    expect(gateway.logged).toEqual([]);
    expect(recorder.calls).toEqual([]);
  });

  it('is installed once', () => {
    const lock = JSON.parse(textOf('package-lock.json'));
    const copies = Object.keys(lock.packages).filter((path) => path.endsWith('node_modules/graphql'));
    expect(copies).toEqual(['node_modules/graphql']);
  });
});
