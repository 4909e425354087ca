import { createServer, type IncomingMessage } from 'node:http';
import { type PlainResponse, sendResponse } from '../http/response.ts';
import type { HttpRoute } from '../http/routes.ts';
import type { Metrics } from '../observability/metrics.ts';
import { bind } from './bind.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** Serves the metrics on a port of their own. @throws StartError when the address cannot be had */
export async function startMetricsServer(
  metrics: Metrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string; close(): void }> {
  const respondTo = async ({ method = '', url = '', headers }: IncomingMessage): Promise<PlainResponse> => {
    const isHere = url.split('?', 1)[0] === '/metrics' && (method === 'GET' || method === 'HEAD');
    return isHere ? respondWithMetrics(metrics, headers.authorization) : NOT_HERE;
  };
  const server = createServer((request, response) => {
    respondTo(request).then(
      (answer) => sendResponse({ response, answer }),
      (error) => response.destroy(error),
    );
  });
  // Workers count each for themselves.
  const url = await bind(server, { host, port, names: 'METRICS_HOST and METRICS_PORT', exclusive: true });
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

/** Answers a request to `/metrics` with this `Authorization` header. */
async function respondWithMetrics(
  metrics: Metrics,
  authorization: string | null | undefined,
): Promise<PlainResponse> {
  if (!metrics.isAllowed(authorization)) return NOT_ALLOWED;
  return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.text() };
}

const NOT_ALLOWED: PlainResponse = {
  status: 401,
  headers: { ...TEXT, 'www-authenticate': 'Bearer' },
  body: 'The metrics are for holders of METRICS_KEY. Send it as "Authorization: Bearer <key>".\n',
};

/** Serves the metrics at `/metrics` of the gateway's own port. */
export function createMetricsRoute(metrics: Metrics): HttpRoute {
  return (request) =>
    request.path === '/metrics' && request.method === 'GET'
      ? respondWithMetrics(metrics, request.header('authorization'))
      : undefined;
}
