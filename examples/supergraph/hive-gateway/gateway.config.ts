import { defineConfig } from '@graphql-hive/gateway';

export const gatewayConfig = defineConfig({
  supergraph: '../dist/supergraph.graphql',
  host: '127.0.0.1',
  port: 4003,
  graphqlEndpoint: '/graphql',
  transportEntries: {
    // Subscriptions arrive as server-sent events. Without this they are a GET with the variables in the URL.
    luaauth: { options: { method: 'POST' } },
  },
  propagateHeaders: {
    // The caller's LuaAuth key, for the one subgraph that needs it. A header that is null or absent is not sent.
    fromClientToSubgraphs: ({ request, subgraphName }) =>
      subgraphName === 'luaauth'
        ? { token: request.headers.get('token'), authorization: request.headers.get('authorization') }
        : {},
  },
});
