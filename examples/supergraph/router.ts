import {
  ApolloGateway,
  type GraphQLDataSourceProcessOptions,
  RemoteGraphQLDataSource,
} from '@apollo/gateway';
import { useApolloFederation } from '@envelop/apollo-federation';
import { GraphQLError } from 'graphql';
import { createYoga, maskError, type YogaInitialContext } from 'graphql-yoga';

export interface RouterOptions {
  readonly supergraphSdl: string;
  /** Where subgraphs are, if not where the supergraph says. */
  readonly urls?: Readonly<Record<string, string>>;
}

/** The headers that carry the caller's LuaAuth key, and the only subgraph that they are meant for. */
const KEY_HEADERS = ['token', 'authorization'] as const;
const KEY_SUBGRAPH = 'luaauth';

type Outgoing = GraphQLDataSourceProcessOptions<YogaInitialContext>;

/** `@apollo/gateway` behind a request listener. */
export async function createRouter({ supergraphSdl, urls = {} }: RouterOptions) {
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name, url }) =>
      new RemoteGraphQLDataSource<YogaInitialContext>({
        url: urls[name] ?? url ?? '',
        willSendRequest: name === KEY_SUBGRAPH ? propagateKey : undefined,
      }),
  });
  await gateway.load();
  return createYoga({
    plugins: [useApolloFederation({ gateway })],
    maskedErrors: { maskError: keepSubgraphErrors },
    logging: 'warn',
    graphiql: false,
    landingPage: false,
  });
}

function propagateKey({ request, context }: Outgoing): void {
  for (const name of KEY_HEADERS) {
    const value = context.request?.headers.get(name);
    if (value) request.http?.headers.set(name, value);
  }
}

/** An error of a subgraph is meant for the client; one on the way to it is not. */
function keepSubgraphErrors(error: unknown, message: string): Error {
  return error instanceof GraphQLError && error.extensions.serviceName ? error : maskError(error, message);
}
