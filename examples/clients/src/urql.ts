import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { cacheExchange as graphcache } from '@urql/exchange-graphcache';
import { persistedExchange } from '@urql/exchange-persisted';
// In your project: from 'luaauth-graphql/possible-types'.
import { possibleTypes } from '../../../schema/possible-types.js';
import { graphql } from './gql/index.ts';

/**
 * urql: queries that select a type are asked again after a mutation that returns one of it. Subscriptions come by
 * server-sent events.
 */
export function createUrql(url: string, key: string): Client {
  return new Client({
    url,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: { token: key } },
    fetchSubscriptions: true,
  });
}

/** With Graphcache, which keeps objects by type and id. Without `possibleTypes` it guesses which types are a Refusal. */
export function createGraphcacheUrql(url: string, key: string): Client {
  return new Client({
    url,
    exchanges: [graphcache({ possibleTypes }), fetchExchange],
    fetchOptions: { headers: { token: key } },
  });
}

/** The first client, sending hashes. It sends queries by GET, which needs no header beside the key. */
export function createPersistedUrql(url: string, key: string): Client {
  return new Client({
    url,
    exchanges: [cacheExchange, persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange],
    fetchOptions: { headers: { token: key } },
  });
}

export const SCRIPT = graphql(/* GraphQL */ `
  query UrqlScript($id: ID!) {
    script(id: $id) {
      id
      name
      enabled
    }
  }
`);

export const TOGGLE = graphql(/* GraphQL */ `
  mutation UrqlToggle($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      __typename
      ... on ToggleScriptSuccess {
        script {
          id
          enabled
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`);
