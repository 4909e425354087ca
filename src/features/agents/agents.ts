import {
  type CallToolResult,
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { GraphQLError, OperationTypeNode } from 'graphql';
import { type Clock, every } from '../../base/clock.ts';
import { codedError, malformedRequest } from '../../errors/coded-error.ts';
import { withOutcomes } from '../../errors/masking.ts';
import type { AgentsDoor } from '../../http/doors.ts';
import { shownResult } from '../../http/shown-result.ts';
import type { RequestRecord } from '../../observability/request-record.ts';
import { paramsFromJson } from '../../operation/params.ts';
import { checkScopes } from '../../plan/required-scopes.ts';
import { version } from '../../version.ts';
import type { JsonSchema } from './json-schema.ts';
import { type AgentDocuments, checkArguments, PLAN, readTools, type Tool } from './tool.ts';
import { DATA_NOTE, toolResult } from './tool-result.ts';

export type InRequest = <Answer>(
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  answer: (record: RequestRecord) => Promise<Answer>,
) => Promise<Answer>;

function instructionsFor(mostRestCalls: number): string {
  const most = Number.isFinite(mostRestCalls) ? `, at most ${mostRestCalls} for each call` : '';
  return `Tools for LuaAuth: scripts, licence keys, sessions. They use a shared quota of REST calls${most}; plan: true returns the price of a call without running it. ${DATA_NOTE}`;
}

const OPTIONS = {
  capabilities: { tools: {} },
  cacheHints: { 'tools/list': { ttlMs: 60_000, cacheScope: 'private' as const } },
};

export type Agents = ReturnType<typeof createAgents>;

/** Serves MCP tools to connected clients. Each call runs as an ordinary operation. @throws StartError */
export function createAgents(door: AgentsDoor, options: AgentDocuments) {
  const { pipeline, turns, rateLimit, clock, schema } = door;
  const tools = readTools(options, door);
  const { sandboxAdvice } = options;
  const general = instructionsFor(door.limits.restCalls);
  const instructions = sandboxAdvice === undefined ? general : `${sandboxAdvice} ${general}`;

  /** @throws UNAUTHENTICATED */
  async function identify(record: RequestRecord) {
    const identity = await door.identify(record.request);
    if (identity.refusal) throw codedError('UNAUTHENTICATED', identity.refusal.message, { http: NO_KEY });
    record.caller = identity.grant.name;
    return identity;
  }

  const list = (cursor: string | undefined) => async (record: RequestRecord) => {
    const { grant } = await identify(record);
    if (cursor !== undefined) throw NO_CURSOR;
    const own = tools.filter(({ scopes }) => !checkScopes(scopes, grant));
    return { tools: own.map(({ listing }) => listing) };
  };

  async function call(name: string, args: JsonSchema, record: RequestRecord): Promise<CallToolResult> {
    const { grant, origin } = await identify(record);
    const tool = tools.find(({ listing }) => listing.name === name);
    const result = tool && (await run(tool, args, record));
    // A tool outside the caller's scopes looks like an unknown tool. The audit log records the attempt.
    if (!result || (result.data === undefined && checkScopes(tool.scopes, grant))) {
      const message = `There is no tool ${JSON.stringify(name.slice(0, 64))} for this key. Call a tool from tools/list.`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    // The result is valid even if the quota is not known.
    const quota = await Promise.resolve(rateLimit(origin.account)).catch(() => undefined);
    return toolResult(shownResult(result), schema, quota, grant.rate);
  }

  async function run({ listing, query }: Tool, args: JsonSchema, record: RequestRecord) {
    const errors = checkArguments(listing, args);
    if (errors.length === 0) {
      const { [PLAN]: _isPlan, ...given } = args;
      const isListed = query !== undefined;
      const operation = isListed ? { query, operationName: listing.name, variables: given } : given;
      try {
        return await pipeline.run({
          params: paramsFromJson(operation, 'payload'),
          record,
          checkMethod: isListed ? undefined : checkQuery,
          hasTurn: true,
        });
      } catch (error) {
        errors.push(error as GraphQLError);
      }
    }
    const refusals = listing.annotations?.readOnlyHint
      ? errors
      : withOutcomes(errors, NOTHING_RAN, undefined);
    return pipeline.mask({ errors: refusals }, record);
  }

  /** Answers when it is the client's turn. Masks errors, because the library would show any thrown error to the client. */
  const inTurn =
    <Answer>(answer: (record: RequestRecord) => Promise<Answer>) =>
    (record: RequestRecord) =>
      turns
        .run(record.request, () => answer(record))
        .catch((error) => {
          throw error instanceof ProtocolError ? error : pipeline.failed(error, record).errors?.[0];
        });

  return {
    identify,
    /** Creates the library's server for one connection. */
    createServer(inRequest: InRequest): Server {
      const server = new Server({ name: 'luaauth-graphql', version }, { ...OPTIONS, instructions });
      server.setRequestHandler('tools/list', ({ params }, { mcpReq }) =>
        inRequest({}, mcpReq.signal, inTurn(list(params?.cursor))),
      );
      server.setRequestHandler('tools/call', ({ params: { name, arguments: args = {} } }, context) => {
        const mode = args[PLAN] === true ? 'plan' : 'report';
        const headers = { ...clientHeaders(context, server), 'x-upstream': mode };
        const answered = inTurn((record) => call(name, args, record));
        const answer = inRequest(headers, context.mcpReq.signal, answered);
        return answer.finally(tellProgress(context, clock));
      });
      return server;
    },
  };
}

const NOTHING_RAN = { hasRun: false, mayHaveWritten: false };

const NO_KEY = { status: 401, headers: { 'www-authenticate': 'Bearer' } };

const NO_CURSOR = new ProtocolError(
  ProtocolErrorCode.InvalidParams,
  'The list has only one page, so no cursor is valid. Leave the cursor out.',
);

const QUERIES_ONLY = malformedRequest(
  'This tool runs queries only. To write, call another tool from tools/list.',
);

/** @throws BAD_REQUEST */
function checkQuery(type: OperationTypeNode): void {
  if (type !== 'query') throw QUERIES_ONLY;
}

/** Headers with the client's name: from the message, or over stdin from the first message. */
function clientHeaders({ mcpReq: { envelope } }: ServerContext, server: Server) {
  const named = (envelope as JsonSchema | undefined)?.[CLIENT_INFO_META_KEY];
  const given = named ?? server.getClientVersion();
  const { name, version } = (given ?? {}) as JsonSchema;
  // Headers allow no other characters, and older clients' values are unchecked.
  const [client = 'unknown', release = ''] = [name, version].map((text) =>
    typeof text === 'string' ? text.replaceAll(/[^\x20-\x7e]/g, '?') : undefined,
  );
  return { 'apollographql-client-name': `mcp/${client}`, 'apollographql-client-version': release };
}

/** Sends progress notifications, if the client asked for them. @returns a function that ends them */
function tellProgress({ mcpReq: { _meta: { progressToken } = {}, notify } }: ServerContext, clock: Clock) {
  if (progressToken === undefined) return;
  let progress = 0;
  return every(clock, 5_000, () => {
    progress += 1;
    const params = { progressToken, progress, message: 'The call waits for LuaAuth.' };
    notify({ method: 'notifications/progress', params }).catch(() => undefined);
  });
}
