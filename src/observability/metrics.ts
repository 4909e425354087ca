import { createHash, timingSafeEqual } from 'node:crypto';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { Observer } from '../transport/observer.ts';
import { createCallerMetrics } from './caller-metrics.ts';
import { createLiveMetrics } from './live-metrics.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import type { RequestObserver } from './request-record.ts';
import { createUpstreamMetrics } from './upstream-metrics.ts';

export interface MetricsOptions {
  /** With a key, only who presents it may read them. */
  readonly key?: string | undefined;
  /** How many lines of the log are lost so far. */
  readonly linesLost?: () => number;
}

export interface Metrics {
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly operations: RequestObserver;
  /** For live data. */
  readonly live: ReturnType<typeof createLiveMetrics>;
  readonly contentType: string;
  /** Whether a request with this `Authorization` header may read them. */
  isAllowed(authorization: string | null | undefined): boolean;
  /** As Prometheus reads them. */
  text(): Promise<string>;
}

/** Counts for Prometheus. */
export function createMetrics({ key, linesLost = () => 0 }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  countLostLines(registry, linesLost);
  const expected = key === undefined ? undefined : digest(`Bearer ${key}`);
  return {
    upstream: createUpstreamMetrics(registry),
    operations: both(createOperationMetrics(registry), createCallerMetrics(registry)),
    live: createLiveMetrics(registry),
    contentType: registry.contentType,
    isAllowed: (authorization) =>
      expected === undefined || timingSafeEqual(digest(authorization ?? ''), expected),
    text: () => registry.metrics(),
  };
}

function both(one: RequestObserver, other: RequestObserver): RequestObserver {
  return {
    usesPhases: one.usesPhases,
    wrote: (record, write) => other.wrote?.(record, write),
    ended(record, end) {
      one.ended?.(record, end);
      other.ended?.(record, end);
    },
  };
}

function countLostLines(registry: Registry, linesLost: () => number): void {
  const lost = new Counter({
    name: 'luaauth_log_lines_lost_total',
    help: 'Lines of the log that are lost, as nobody read stdout or its disk was full',
    registers: [registry],
    collect() {
      lost.reset();
      lost.inc(linesLost());
    },
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
