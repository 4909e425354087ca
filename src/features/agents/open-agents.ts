import type { ServerResponse } from 'node:http';
import { pipeline as send } from 'node:stream/promises';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { GraphQLError } from 'graphql';
import { requestError } from '../../errors/coded-error.ts';
import { CUT_OFF, readMessage } from '../../http/body.ts';
import type { AgentsDoor, OpenAgents } from '../../http/doors.ts';
import { checkContentType } from '../../http/guards.ts';
import type { NodeRequest } from '../../http/http-request.ts';
import type { NodeHandler } from '../../http/node.ts';
import { COMMON_HEADERS, REQUEST_ID } from '../../http/response.ts';
import { methodNotAllowed } from '../../http/routes.ts';
import { responseHead } from '../../http/shown-result.ts';
import type { RequestRecord } from '../../observability/request-record.ts';
import { jsonFromBody, weightOf } from '../../operation/params.ts';
import { type Agents, createAgents, type InRequest } from './agents.ts';
import { serveAtStdin } from './stdio.ts';
import type { AgentDocuments } from './tool.ts';

/** At `/mcp`; with a gateway key, also at the process's stdin and stdout. @throws StartError */
export function openAgents(options: AgentDocuments, keyAtStdin?: string): OpenAgents {
  return (door) => {
    const agents = createAgents(door, options);
    if (keyAtStdin !== undefined) serveAtStdin(agents, `Bearer ${keyAtStdin}`, door, ADDRESS);
    return createHandler(agents, door);
  };
}

const ADDRESS = new URL('http://localhost/mcp');

/** Answers one message for each POST. No state is kept between messages. */
function createHandler({ identify, createServer }: Agents, door: AgentsDoor): NodeHandler {
  const { pipeline, turns, checkOrigin, memory, maxBodyBytes, cors } = door;

  async function answerTo(request: NodeRequest, response: ServerResponse, record: RequestRecord) {
    const { method, contentType, message } = request;
    const { host, origin, 'content-encoding': encoding = null } = message.headers;
    if (method === 'OPTIONS') return new Response(null, { status: 204, headers: PREFLIGHT });
    if (method !== 'POST') throw methodNotAllowed('POST');
    const refusal = checkOrigin({ host, origin });
    if (refusal) throw refusal;
    checkContentType(contentType, encoding);
    await turns.run(request, () => identify(record));
    // The client left while the request waited for its turn. No later event will report it.
    if (response.closed) throw CUT_OFF;
    const reservation = memory.reserve(request, request.headBytes);
    const leaving = new AbortController();
    response.once('close', () => {
      reservation.release();
      leaving.abort();
    });
    const { parsedBody } = await readMessage(message, {
      limit: maxBodyBytes,
      held: reservation,
      reader: readMcpMessage,
    });
    if (Array.isArray(parsedBody)) throw BATCH;
    const inRequest: InRequest = (headers, _signal, answer) => {
      Object.assign(message.headers, headers);
      return answer(record);
    };
    const headers = message.headers as Record<string, string>;
    const web = new Request(ADDRESS, { method, headers, signal: leaving.signal });
    const handler = createMcpHandler(() => createServer(inRequest), OPTIONS);
    return handler.fetch(web, { parsedBody });
  }

  /** Refuses a request before its message is read, in the form of JSON-RPC. */
  function refuse(error: GraphQLError, record: RequestRecord): Response {
    const { errors } = pipeline.failed(error, record) as { errors: [GraphQLError] };
    const [{ message, extensions: data }] = errors;
    const isJson = data.code !== 'BAD_REQUEST' || error === BATCH;
    const code = isJson ? -32_600 : -32_700;
    const shown = { code, message, data: { code: data.code } };
    const head = responseHead({ errors }, 'application/json');
    return Response.json({ jsonrpc: '2.0', id: null, error: shown }, head);
  }

  return async (request, response, record) => {
    const answer = answerTo(request, response, record).catch((error) => refuse(error, record));
    const { status, headers, body } = await answer;
    // Other code has answered, or the process is stopping.
    if (response.headersSent) return;
    const own = { ...COMMON_HEADERS, [REQUEST_ID]: record.requestId };
    response.writeHead(status, { ...cors?.(request, null), ...Object.fromEntries(headers), ...own });
    await send(body ?? [], response).catch(() => undefined);
  };
}

/** The gateway does not publish changes of its tools. Writing at intervals detects clients that have left. */
const OPTIONS = { maxSubscriptions: 0, keepAliveMs: 1_000 };

/** The headers of MCP that a page may send. */
const PREFLIGHT = {
  allow: 'POST',
  'access-control-allow-headers':
    'authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name',
};

function readMcpMessage(bytes: Uint8Array) {
  const parsedBody = jsonFromBody(bytes);
  return { parsedBody, weight: weightOf(parsedBody) };
}

const BATCH = requestError('BAD_REQUEST', 400, 'Batching is not supported. Send one message per POST.');
