import {
  CLIENT_INFO_META_KEY,
  type Implementation,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { checkMethod } from '../http/guards.ts';
import { stringifyResult } from '../http/response.ts';
import type { ClientRequest, RequestRecord } from '../observability/request-record.ts';
import { paramsFromJson } from '../operation/params.ts';
import { checkScopes } from '../plan/required-scopes.ts';
import type { Clock } from '../transport/clock.ts';
import { version } from '../version.ts';
import type { JsonSchema } from './json-schema.ts';
import type { AgentsOptions, AgentsParts } from './parts.ts';
import { checkArguments, PLAN, readTools, type Tool } from './tool.ts';
import { DATA_NOTE, toolResult } from './tool-result.ts';

/** Answers a message in the record of the request that it came by, to which it adds headers. */
export type InRequest = <Answer>(
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  answer: (record: RequestRecord) => Promise<Answer>,
) => Promise<Answer>;

const PROGRESS_EVERY_MS = 5_000;
const OPTIONS = {
  capabilities: { tools: {} },
  instructions: `Tools for LuaAuth: scripts, licence keys, sessions. Each call costs part of a shared quota of REST calls; plan: true tells how much before. ${DATA_NOTE}`,
  cacheHints: { 'tools/list': { ttlMs: 60_000, cacheScope: 'private' as const } },
};

/** Serves the tools of MCP to connected clients; each call is an operation as any other. @throws StartError */
export function createAgents(parts: AgentsParts, options: AgentsOptions) {
  const { pipeline, identify, rateLimit, clock, schema } = parts;
  let tools = readTools(options, parts);

  /** The caller and the tools that they may call: they do not even learn of others. */
  async function enter({ request }: RequestRecord) {
    const identity = await identify(request);
    if (identity.refusal) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, identity.refusal.message);
    const { permissions, origin } = identity;
    return { permissions, origin, own: tools.filter(({ scopes }) => !checkScopes(scopes, permissions)) };
  }

  async function call(name: string, args: JsonSchema, record: RequestRecord) {
    const { own, origin, permissions } = await enter(record);
    const tool = own.find(({ listing }) => listing.name === name);
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, noTool(name));
    const json = stringifyResult(await run(tool, args, record));
    // The result stands, whatever is known of the quota.
    const quota = await Promise.resolve(rateLimit(origin.account)).catch(() => undefined);
    return toolResult(json, schema, quota, permissions.rate);
  }

  async function run({ listing, query }: Tool, { [PLAN]: plan, ...args }: JsonSchema, record: RequestRecord) {
    try {
      const errors = checkArguments(listing, args, plan);
      if (errors.length > 0) return pipeline.mask({ errors }, record);
      const isQuery = query === undefined;
      const operation = isQuery ? args : { query, operationName: listing.name, variables: args };
      const params = paramsFromJson(operation, 'payload');
      return await pipeline.run({ params, record, checkMethod: isQuery ? checkQuery : undefined });
    } catch (error) {
      return pipeline.mask({ errors: [error as never] }, record);
    }
  }

  return {
    /** @throws StartError, and leaves the tools of before */
    replace(listed: AgentsOptions['listed']): void {
      tools = readTools({ ...options, listed }, parts);
    },
    /** A server of the protocol's library for one connection. */
    createServer(inRequest: InRequest): Server {
      const server = new Server({ name: 'luaauth-graphql', version }, OPTIONS);
      server.setRequestHandler('tools/list', (_request, { mcpReq: { signal } }) =>
        inRequest({}, signal, async (record) => {
          const { own } = await enter(record);
          return { tools: own.map(({ listing }) => listing) };
        }),
      );
      server.setRequestHandler('tools/call', ({ params: { name, arguments: args = {} } }, context) => {
        const headers = {
          ...clientHeaders(context, server),
          'x-upstream': args[PLAN] === true ? 'plan' : 'report',
        };
        const endProgress = tellProgress(context, clock);
        return inRequest(headers, context.mcpReq.signal, (record) => call(name, args, record)).finally(
          endProgress,
        );
      });
      return server;
    },
  };
}

export type Agents = ReturnType<typeof createAgents>;

const noTool = (name: string) =>
  `There is no tool ${JSON.stringify(name.slice(0, 64))} for this key. Call one that tools/list names.`;

/** As of the method QUERY, whose other parts do not matter. */
const checkQuery: typeof checkMethod = (type) => checkMethod(type, { method: 'QUERY' } as ClientRequest);

/** The name that the client gives itself: older ones once, when they connect. */
function clientHeaders({ mcpReq: { envelope } }: ServerContext, server: Server) {
  const own = (envelope as JsonSchema | undefined)?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion();
  const { name = 'unknown', version = '' } = (own ?? {}) as Partial<Implementation>;
  // No header holds other characters.
  const [client = '', release = ''] = [name, version].map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?'));
  return { 'apollographql-client-name': `mcp/${client}`, 'apollographql-client-version': release };
}

/** Tells a client that asked for it that a call goes on. @returns what ends that */
function tellProgress({ mcpReq: { _meta, notify } }: ServerContext, clock: Clock): () => void {
  const { progressToken } = _meta ?? {};
  let cancel = (): void => undefined;
  const wait = (progress: number) => {
    cancel = clock.after(PROGRESS_EVERY_MS, () => {
      const params = { progressToken, progress, message: 'The call waits for LuaAuth.' };
      notify({ method: 'notifications/progress', params }).catch(() => undefined);
      wait(progress + 1);
    });
  };
  if (progressToken !== undefined) wait(1);
  return () => cancel();
}
