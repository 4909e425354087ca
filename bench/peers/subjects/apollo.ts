/** Apollo Server with its REST data source, one per request, as its documentation puts them together. */
import { RESTDataSource } from '@apollo/datasource-rest';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { host, port, upstreamUrl } from './environment.ts';
import { typeDefs } from './schema.ts';
import type { WireScript, WireSession } from './upstream.ts';

class ScriptsApi extends RESTDataSource {
  override baseURL = upstreamUrl;
  readonly #token: string;

  constructor(token: string) {
    super();
    this.#token = token;
  }

  override willSendRequest(_path: string, request: { headers: Record<string, string> }) {
    request.headers.token = this.#token;
  }

  async getScript(id: string): Promise<WireScript> {
    return (await this.get<{ script: WireScript }>(`/scripts/${encodeURIComponent(id)}`)).script;
  }

  async getSessions(id: string, limit: number): Promise<WireSession[]> {
    const path = `/scripts/${encodeURIComponent(id)}/sessions`;
    return (await this.post<{ sessions: WireSession[] }>(path, { body: { from: 0, limit } })).sessions;
  }
}

interface Context {
  readonly api: ScriptsApi;
}

const server = new ApolloServer<Context>({
  typeDefs,
  resolvers: {
    Query: { script: (_root, { id }: { id: string }, { api }) => api.getScript(id) },
    Script: {
      totalExecutions: ({ total_executions }: WireScript) => total_executions,
      sessions: async ({ id }: WireScript, { first }: { first: number }, { api }) => ({
        nodes: await api.getSessions(id, first),
      }),
    },
    Session: {
      robloxId: ({ roblox_id }: WireSession) => roblox_id,
      script: ({ script_id }: WireSession, _args, { api }) => api.getScript(script_id),
    },
  },
});
await startStandaloneServer(server, {
  listen: { host, port },
  context: async ({ req }) => ({ api: new ScriptsApi(req.headers.token as string) }),
});
