import type { Plugin } from 'graphql-yoga';
import { OPERATION_PATH } from './address.ts';
import type { ServerContext } from './http-request.ts';
import type { NodeHandler } from './node.ts';
import { responseFor } from './response.ts';
import type { HttpRoute } from './routes.ts';

export interface RoutesPluginOptions {
  /** Asked in order; the first answer counts. Undefined from all of them: the request is an operation. */
  readonly routes: readonly HttpRoute[];
  /** Answers `/mcp` of a node:http server by itself. Undefined if MCP is off. */
  readonly agents: NodeHandler | undefined;
}

const MCP_PATH = '/mcp';

/** Answers what is no operation. It comes after the embedder's plugins, which may answer at paths of their own. */
export function createRoutesPlugin({ routes, agents }: RoutesPluginOptions): Plugin<object, ServerContext> {
  return {
    onRequest({ request, requestHandler, serverContext, endResponse, fetchAPI }) {
      const { exchange } = serverContext;
      const { method, path } = exchange.request;
      if (method === 'POST' && path === OPERATION_PATH) return undefined;
      const answer = async () => {
        if (agents && exchange.response && path === MCP_PATH) {
          await agents(exchange.request, exchange.response, exchange.record);
          return new fetchAPI.Response();
        }
        for (const route of routes) {
          const found = await route(exchange.request);
          if (found) return responseFor(found, fetchAPI);
        }
        // Yoga's own router knows no ids in the path.
        return requestHandler(request, serverContext);
      };
      return answer().then(endResponse);
    },
  };
}
