/** Mercurius on Fastify, compiled documents (`jit: 1`), its own loaders. */
import Fastify, { type FastifyRequest } from 'fastify';
import { type MercuriusContext, type MercuriusLoaders, mercurius } from 'mercurius';
import { host, port } from './environment.ts';
import { typeDefs } from './schema.ts';
import { getScript, getServerSessions, getSessions, type WireScript, type WireSession } from './upstream.ts';

interface Context {
  readonly token: string;
  /** The scripts of this request, for both loaders. */
  readonly scripts: Map<string, Promise<WireScript>>;
}

interface SessionArguments {
  readonly first: number;
  readonly filter?: { readonly jobId: string };
}

function readScript({ token, scripts }: Context, id: string): Promise<WireScript> {
  const script = scripts.get(id) ?? getScript(id, token);
  scripts.set(id, script);
  return script;
}

const loaders = {
  Query: {
    script: (queries: { params: { id: string } }[], context: MercuriusContext & Context) =>
      Promise.all(queries.map(({ params }) => readScript(context, params.id))),
  },
  Session: {
    script: (queries: { obj: WireSession }[], context: MercuriusContext & Context) =>
      Promise.all(queries.map(({ obj }) => readScript(context, obj.script_id))),
  },
};

const app = Fastify();
await app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  context: (request: FastifyRequest): Context => ({
    token: request.headers.token as string,
    scripts: new Map(),
  }),
  resolvers: {
    Script: {
      totalExecutions: ({ total_executions }: WireScript) => total_executions,
      freeForAll: (script: WireScript) => script.free_for_all,
      useHeartbeat: (script: WireScript) => script.use_heartbeat,
      kickOutdated: (script: WireScript) => script.kick_outdated,
      requireSessions: (script: WireScript) => script.require_sessions,
      totalSessions: (script: WireScript) => script.total_sessions,
      totalInstances: (script: WireScript) => script.total_instances,
      sessions: async ({ id }: WireScript, { first, filter }: SessionArguments, context: unknown) => {
        const { token } = context as Context;
        const nodes = filter
          ? getServerSessions(id, filter.jobId, first, token)
          : getSessions(id, first, token);
        return { nodes: await nodes };
      },
    },
    Session: { robloxId: ({ roblox_id }: WireSession) => roblox_id },
  },
  loaders: loaders as unknown as MercuriusLoaders,
});
await app.listen({ host, port });
