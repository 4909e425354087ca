import { createHash, timingSafeEqual } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Context } from '../context.ts';
import type { Answer } from '../http/answer.ts';
import type { Observer } from '../transport/observer.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import { createUpstreamMetrics } from './upstream-metrics.ts';
import type { VisitObserver } from './visit.ts';

export interface MetricsOptions {
  /** With a key, only who presents it may read them. */
  readonly key?: string | undefined;
}

export interface Metrics {
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly operations: VisitObserver;
  /** What `/metrics` answers to a request with this `Authorization` header. */
  answer(authorization: string | null | undefined): Promise<Answer>;
}

/** Counts for Prometheus. */
export function createMetrics({ key }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const isAllowed = key === undefined ? () => true : createKeyCheck(key);
  return {
    upstream: createUpstreamMetrics(registry),
    operations: createOperationMetrics(registry),
    async answer(authorization) {
      if (!isAllowed(authorization ?? '')) return NOT_ALLOWED;
      return {
        status: 200,
        headers: { 'content-type': registry.contentType },
        body: await registry.metrics(),
      };
    },
  };
}

/** Serves the metrics at `/metrics` of the gateway's own port. */
export function createMetricsRoute({ answer }: Metrics): Plugin<Context> {
  return {
    async onRequest({ request: { method, headers }, url, endResponse, fetchAPI }) {
      if (url.pathname !== '/metrics' || method !== 'GET') return;
      const { body, ...init } = await answer(headers.get('authorization'));
      endResponse(new fetchAPI.Response(body, init));
    },
  };
}

const NOT_ALLOWED: Answer = {
  status: 401,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'www-authenticate': 'Bearer' },
  body: 'The metrics are for holders of METRICS_KEY. Send it as "Authorization: Bearer <key>".\n',
};

function createKeyCheck(key: string): (authorization: string) => boolean {
  const expected = digest(`Bearer ${key}`);
  return (authorization) => timingSafeEqual(digest(authorization), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
