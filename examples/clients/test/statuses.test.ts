import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { ClientError, GraphQLClient } from 'graphql-request';
import { Network } from 'relay-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { sandboxKeys, seeded, useGateway } from './support/fixture.ts';

const fixture = useGateway();
const { scriptId: id } = seeded;
const headers = { token: sandboxKeys.full };

/** One field fails, the other has its data. */
const PARTIAL = `query Partial { found: script(id: "${id}") { id name } lost: script(id: "nobody") { id name } }`;
const INVALID = 'query Invalid { nothing }';
const VARIABLE = 'query Variable($id: ID!) { script(id: $id) { id } }';
const found = { id, name: 'Nightfall Hub' };

/** The statuses that came, in the media type that the client asks for by itself. */
const statuses: number[] = [];
const watched: typeof fetch = async (...args) => {
  const response = await fetch(...args);
  statuses.push(response.status);
  return response;
};
beforeEach(() => {
  statuses.length = 0;
});

describe('Apollo Client as it is', () => {
  const open = (errorPolicy: 'none' | 'all') =>
    new ApolloClient({
      link: new HttpLink({ uri: fixture.url, headers, fetch: watched }),
      cache: new InMemoryCache(),
      defaultOptions: { query: { errorPolicy } } as never,
    });
  const codesOf = (error: unknown) => {
    if (!CombinedGraphQLErrors.is(error)) throw error;
    return error.errors.map(({ extensions }) => extensions?.code);
  };

  it('has data and errors of a partial success', async () => {
    const { data, error } = await open('all').query<Record<string, unknown>>({ query: gql(PARTIAL) });
    expect(statuses).toEqual([294]);
    expect([data?.found, data?.lost]).toEqual([expect.objectContaining(found), null]);
    expect(codesOf(error)).toEqual(['FORBIDDEN']);
  });

  it.each([
    [INVALID, 'GRAPHQL_VALIDATION_FAILED'],
    [VARIABLE, 'BAD_USER_INPUT'],
  ])('has the errors of what cannot be run: %s', async (query, code) => {
    const failure = open('none').query({ query: gql(query) });
    expect(codesOf(await failure.catch((error: unknown) => error))).toEqual([code]);
    expect(statuses).toEqual([422]);
  });
});

describe('urql as it is', () => {
  const ask = (query: string) =>
    new Client({
      url: fixture.url,
      exchanges: [cacheExchange, fetchExchange],
      fetchOptions: { headers },
      fetch: watched,
    })
      .query(query, {})
      .toPromise();

  it('has data and errors of a partial success', async () => {
    const { data, error } = await ask(PARTIAL);
    expect(statuses).toEqual([294]);
    expect([data.found, data.lost]).toEqual([expect.objectContaining(found), null]);
    expect(error?.networkError).toBeUndefined();
    expect(error?.graphQLErrors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  it.each([
    [INVALID, 'GRAPHQL_VALIDATION_FAILED'],
    [VARIABLE, 'BAD_USER_INPUT'],
  ])('has the errors of what cannot be run: %s', async (query, code) => {
    const { error } = await ask(query);
    expect(statuses).toEqual([422]);
    expect(error?.networkError).toBeUndefined();
    expect(error?.graphQLErrors.map(({ extensions }) => extensions.code)).toEqual([code]);
  });
});

describe('graphql-request as it is', () => {
  const open = (errorPolicy: 'none' | 'all') =>
    new GraphQLClient(fixture.url, { headers, fetch: watched, errorPolicy });

  it('has data and errors of a partial success', async () => {
    const { data, errors } = await open('all').rawRequest<Record<string, unknown>>(PARTIAL);
    expect(statuses).toEqual([294]);
    expect([data.found, data.lost]).toEqual([found, null]);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });

  it.each([
    [PARTIAL, 294, 'FORBIDDEN'],
    [INVALID, 422, 'GRAPHQL_VALIDATION_FAILED'],
    [VARIABLE, 422, 'BAD_USER_INPUT'],
  ])('throws a ClientError that has the errors: %s', async (query, status, code) => {
    const error: unknown = await open('none')
      .request(query)
      .catch((reason: unknown) => reason);
    expect(statuses).toEqual([status]);
    if (!(error instanceof ClientError)) throw error;
    expect(error.response.errors?.map(({ extensions }) => extensions.code)).toEqual([code]);
  });
});

describe('Relay with the network layer of its documentation', () => {
  const accept = 'application/graphql-response+json; charset=utf-8, application/json; charset=utf-8';
  const network = Network.create(async ({ text }, variables) => {
    const response = await watched(fixture.url, {
      method: 'POST',
      headers: { ...headers, accept, 'content-type': 'application/json' },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json();
  });
  const ask = (text: string) =>
    network
      .execute({ text, name: 'Ask', operationKind: 'query', id: null, cacheID: text, metadata: {} }, {}, {})
      .toPromise();

  it('has data and errors of a partial success, and the errors of what cannot be run', async () => {
    expect(await ask(PARTIAL)).toMatchObject({ data: { found, lost: null }, errors: [{ path: ['lost'] }] });
    expect(await ask(INVALID)).toMatchObject({
      errors: [{ message: expect.stringContaining('nothing') }],
    });
    expect(statuses).toEqual([294, 422]);
  });
});
