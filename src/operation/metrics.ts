import { createHash, timingSafeEqual } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Context } from '../context.ts';
import type { Answer } from '../http/answer.ts';
import type { Observer } from '../transport/observer.ts';
import { type Counts, textOf } from './metrics-of-all.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import { createReadMetrics, createUpstreamMetrics } from './upstream-metrics.ts';
import type { VisitObserver } from './visit.ts';

export interface MetricsOptions {
  /** With a key, only who presents it may read them. */
  readonly key?: string | undefined;
  /** Of several processes, which share the work. */
  readonly share?: MetricsShare | undefined;
}

/** What one of several processes counts, and where it has the counts of the others from. */
export type MetricsShare =
  | { readonly part: 'upstream'; readonly others: () => Promise<readonly Counts[]> }
  | { readonly part: 'operations'; readonly textOfAll: () => Promise<string> };

export interface Metrics {
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly operations: VisitObserver;
  /** What this process has counted itself. */
  counts(): Promise<Counts>;
  /** What all processes have counted, as Prometheus reads it. */
  text(): Promise<string>;
  /** What `/metrics` answers to a request with this `Authorization` header. */
  answer(authorization: string | null | undefined): Promise<Answer>;
}

/** Counts for Prometheus. */
export function createMetrics({ key, share }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const isAllowed = key === undefined ? () => true : createKeyCheck(key);
  const counts = (): Promise<Counts> => registry.getMetricsAsJSON();
  const text = async () => {
    if (!share) return registry.metrics();
    if (share.part === 'operations') return share.textOfAll();
    return textOf([await counts(), ...(await share.others())]);
  };
  return {
    // A worker answers some reads itself.
    upstream: share?.part === 'operations' ? createReadMetrics(registry) : createUpstreamMetrics(registry),
    operations: share?.part === 'upstream' ? {} : createOperationMetrics(registry),
    counts,
    text,
    async answer(authorization) {
      if (!isAllowed(authorization ?? '')) return NOT_ALLOWED;
      return {
        status: 200,
        headers: { 'content-type': registry.contentType },
        body: await text(),
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
