import { type ApolloClient, CombinedGraphQLErrors } from '@apollo/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApollo, deleteScript, SCRIPT, TOGGLE } from '../src/apollo.ts';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id } = seeded;
const open = (key: string = sandboxKeys.full) => createApollo(fixture.url, key);

/** A query as a component holds it: what it shows follows the cache. */
async function show(client: ApolloClient, first: number) {
  const query = client.watchQuery({ query: SCRIPT, variables: { id, first } });
  const subscription = query.subscribe(() => undefined);
  onTestFinished(() => subscription.unsubscribe());
  const shown = () => query.getCurrentResult();
  await expect.poll(() => shown().dataState).toBe('complete');
  return { query, script: () => shown().data?.script };
}

describe('Apollo Client', () => {
  it('joins pages of sessions in its cache', async () => {
    const { query, script } = await show(open(), 3);
    expect(script()?.sessions?.edges).toHaveLength(3);
    await query.fetchMore({ variables: { after: script()?.sessions?.pageInfo?.endCursor } });
    const ids = () => script()?.sessions?.edges?.map((edge) => edge?.node?.id);
    await expect.poll(() => new Set(ids()).size).toBe(6);
    expect(fixture.sandbox.calls.map(({ body }) => body).filter(Boolean)).toEqual([
      { from: 0, limit: expect.any(Number) },
      { from: 3, limit: expect.any(Number) },
    ]);
  });

  it('brings a script up to date wherever it is shown after a mutation, without asking again', async () => {
    const client = open();
    const { script } = await show(client, 1);
    expect(script()?.enabled).toBe(true);
    const calls = fixture.lines().length;
    const { data } = await client.mutate({
      mutation: TOGGLE,
      variables: { input: { id, enabled: false } },
    });
    expect(data?.toggleScript.__typename).toBe('ToggleScriptSuccess');
    await expect.poll(() => script()?.enabled).toBe(false);
    expect(fixture.lines().slice(calls)).toEqual([`POST /scripts/${id}/toggle`, `GET /scripts/${id}`]);
  });

  it('takes a deleted script out of its cache', async () => {
    const client = open();
    await client.query({ query: SCRIPT, variables: { id, first: 1 } });
    expect(client.cache.extract()).toHaveProperty([`Script:${id}`]);
    await deleteScript(client, id);
    expect(client.cache.extract()).not.toHaveProperty([`Script:${id}`]);
  });

  it('gets a refusal as data, by its interface too', async () => {
    const { data } = await open().mutate({
      mutation: TOGGLE,
      variables: { input: { id: 'nobody', enabled: true } },
    });
    expect(data?.toggleScript).toMatchObject({
      __typename: 'NotPermitted',
      message: 'unauthorized or invalid request',
    });
  });

  it('throws what stands in errors, with its code', async () => {
    const error = await open('')
      .query({ query: SCRIPT, variables: { id } })
      .catch((thrown: unknown) => thrown);
    expect(CombinedGraphQLErrors.is(error)).toBe(true);
    expect((error as CombinedGraphQLErrors).errors).toMatchObject([
      { path: ['script'], extensions: { code: 'UNAUTHENTICATED' } },
    ]);
    expect(fixture.lines()).toEqual([]);
  });
});
