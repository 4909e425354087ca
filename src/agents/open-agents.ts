import type { IncomingMessage } from 'node:http';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { codedError, requestError } from '../errors/coded-error.ts';
import type { BodyLease } from '../http/body-budget.ts';
import { checkContentType } from '../http/guards.ts';
import { FetchRequest } from '../http/http-request.ts';
import { readNodeBody } from '../http/read-body.ts';
import { requestIdFor, responseHead } from '../http/response.ts';
import { CLIENT_LEFT, type RequestRecord } from '../observability/request-record.ts';
import { jsonFromBody, weightOf } from '../operation/params.ts';
import { type Agents, createAgents, type InRequest } from './agents.ts';
import type { AgentsOptions, AgentsParts, OpenAgents } from './parts.ts';

/**
 * Opens the way for agents to these documents, at `/mcp`; with a gateway key, by the process's own stdin and stdout, for who
 * presents this key. The gateway calls it. @throws StartError
 */
export function openAgents(options: AgentsOptions, keyAtStdin?: string): OpenAgents {
  return (parts) => {
    const agents = createAgents(parts, options);
    const { replace } = agents;
    if (keyAtStdin === undefined) return { routes: [createRoute(agents, parts)], replace };
    serveStdio(() => agents.createServer(atStdin(`Bearer ${keyAtStdin}`, parts)));
    return { routes: [], replace };
  };
}

/** Each message at stdin stands for a request. */
function atStdin(authorization: string, { tracker }: AgentsParts): InRequest {
  const url = new URL('http://localhost/mcp');
  return (headers, signal, answer) => {
    const request = new Request(url, { method: 'POST', headers: { ...headers, authorization }, signal });
    const record = tracker.begin(new FetchRequest(request, url), requestIdFor(undefined));
    return answer(record).finally(() => tracker.end(record, signal.aborted ? CLIENT_LEFT : 200));
  };
}

/** The part of Yoga's context that is looked at. `lease` is given back when the answer is complete. */
interface Slot {
  readonly req?: IncomingMessage;
  readonly operation: { readonly record: RequestRecord; lease?: BodyLease };
}

/** Takes messages at a node:http server: one by each POST, for nothing is kept between them. */
function createRoute(agents: Agents, parts: AgentsParts): Plugin<Context> {
  const { identify, pipeline, checkOrigin, openLease, maxBodyBytes } = parts;

  async function read(req: IncomingMessage, { operation }: Slot): Promise<unknown> {
    const { host, origin, 'content-type': type = null, 'content-encoding': encoding = null } = req.headers;
    const refusal = checkOrigin({ host, origin });
    if (refusal) throw refusal;
    checkContentType(type, encoding);
    const { record } = operation;
    const { permissions, refusal: unknown } = await identify(record.request);
    if (unknown) throw codedError('UNAUTHENTICATED', unknown.message, { http: NO_KEY });
    record.caller = permissions.name;
    operation.lease = openLease(record.request);
    const message = await readNodeBody(req, maxBodyBytes, operation.lease, MESSAGE);
    if (Array.isArray(message)) throw BATCH;
    return message;
  }

  return {
    async onRequest({ request, url, serverContext, endResponse }) {
      const slot = serverContext as unknown as Slot;
      const { req, operation } = slot;
      if (url.pathname !== '/mcp' || !req) return;
      const { record } = operation;
      const inRequest: InRequest = (headers, _signal, answer) => {
        Object.assign(req.headers, headers);
        return answer(record);
      };
      try {
        // The library refuses other methods.
        const parsedBody = request.method === 'POST' ? await read(req, slot) : undefined;
        const handler = createMcpHandler(() => agents.createServer(inRequest), NO_LISTENERS);
        const answer = await handler.fetch(request, { parsedBody });
        // The answer is for one caller: the gateway's own header replaces it.
        answer.headers.delete('cache-control');
        endResponse(answer);
      } catch (error) {
        const { errors = [] } = pipeline.mask({ errors: [error as GraphQLError] }, record);
        endResponse(refusalOf(errors[0] as GraphQLError));
      }
    },
  };
}

/** The gateway publishes no changes of tools, so no client needs to wait for any. */
const NO_LISTENERS = { maxSubscriptions: 0 };

const MESSAGE = {
  read: jsonFromBody,
  weigh: (message: unknown) => weightOf({ query: undefined, variables: { message }, extensions: undefined }),
};

/** A refusal before there is a message, in terms of JSON-RPC. */
function refusalOf(error: GraphQLError): Response {
  const { message, extensions } = error;
  const code = extensions.code === 'BAD_REQUEST' && error !== BATCH ? -32_700 : -32_600;
  const shown = { code, message, data: { code: extensions.code } };
  const head = responseHead({ errors: [error] }, 'application/json');
  return Response.json({ jsonrpc: '2.0', id: null, error: shown }, head);
}

const NO_KEY = { status: 401, headers: { 'www-authenticate': 'Bearer' } };
const BATCH = requestError('BAD_REQUEST', 400, 'Batching is not supported. Send one message by each POST.');
