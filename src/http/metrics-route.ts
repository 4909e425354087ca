import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { PlainResponse } from './response.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** What `/metrics` answers to a request with this `Authorization` header. */
export async function respondWithMetrics(
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
export function createMetricsRoute(metrics: Metrics): Plugin<Context> {
  return {
    async onRequest({ request: { method, headers }, url, endResponse, fetchAPI }) {
      if (url.pathname !== '/metrics' || method !== 'GET') return;
      const { body, ...init } = await respondWithMetrics(metrics, headers.get('authorization'));
      endResponse(new fetchAPI.Response(body, init));
    },
  };
}
