import { createServer } from 'node:http';
import type { HostCheck } from '../../http/guards.ts';
import { nodeRequest } from '../../http/http-request.ts';
import { checkHead, splitTarget } from '../../http/node.ts';
import { errorResponse, type PlainResponse, sendResponse } from '../../http/response.ts';
import type { HttpRoute } from '../../http/routes.ts';
import { bind } from '../../server/bind.ts';
import type { Metrics } from './metrics.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** Serves the metrics on their own port. @throws StartError if it cannot listen */
export async function startMetricsServer(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
  checkHost: HostCheck,
): Promise<{ readonly url: string; close(): void }> {
  const answerAt = createMetricsRoute(metrics, ['GET', 'HEAD']);
  const server = createServer(async (request, response) => {
    try {
      splitTarget(request);
      const { headers, url } = request;
      const refusal =
        checkHead(request) ?? checkHost({ host: headers.host, origin: headers.origin, path: url });
      const answer = refusal ? errorResponse(refusal) : ((await answerAt(nodeRequest(request))) ?? NOT_HERE);
      sendResponse(response, answer);
    } catch (error) {
      response.destroy(error as Error);
    }
  });
  const url = await bind(server, { host, port, names: 'METRICS_HOST and METRICS_PORT' });
  return {
    url: `${url}/metrics`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const NOT_HERE: PlainResponse = {
  status: 404,
  headers: TEXT,
  body: 'There is nothing here but GET /metrics.\n',
};

const NOT_ALLOWED: PlainResponse = {
  status: 401,
  headers: { ...TEXT, 'www-authenticate': 'Bearer' },
  body: 'The metrics need METRICS_KEY. Send it as "Authorization: Bearer <key>".\n',
};

export function createMetricsRoute(metrics: Metrics, methods: readonly string[] = ['GET']): HttpRoute {
  return async (request) => {
    if (request.path !== '/metrics' || !methods.includes(request.method)) return undefined;
    if (!metrics.isAllowed(request.header('authorization'))) return NOT_ALLOWED;
    return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.text() };
  };
}
