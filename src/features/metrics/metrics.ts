import { createHash, timingSafeEqual } from 'node:crypto';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createOperationMetrics } from './operation-metrics.ts';
import { createUpstreamMetrics } from './upstream-metrics.ts';

interface MetricsOptions {
  /** With a key, only who presents it may read them. */
  readonly key?: string | undefined;
  readonly linesLost?: () => number;
  readonly version?: string;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Counts for Prometheus. */
export function createMetrics({ key, linesLost = () => 0, version = 'unknown' }: MetricsOptions = {}) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of NO_COUNTERS) registry.removeSingleMetric(name);
  const build = new Gauge({
    name: 'luaauth_build_info',
    help: '1, for the version of the gateway and of Node that it runs on',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  });
  build.set({ version, node_version: process.versions.node }, 1);
  const lost = new Counter({
    name: 'luaauth_log_lines_lost_total',
    help: 'Lines of the log that are lost, as nobody read stdout or its disk was full',
    registers: [registry],
    collect() {
      lost.reset();
      lost.inc(linesLost());
    },
  });
  let expected = key === undefined ? undefined : digest(`Bearer ${key}`);
  return {
    upstream: createUpstreamMetrics(registry),
    operations: createOperationMetrics(registry),
    live: createLiveMetrics(registry),
    contentType: registry.contentType,
    /** Whether a request with this `Authorization` header may read them. */
    isAllowed: (authorization: string | null | undefined) =>
      expected === undefined || timingSafeEqual(digest(authorization ?? ''), expected),
    /** From now on a scraper must send this key. */
    replaceKey(next: string) {
      expected = digest(`Bearer ${next}`);
    },
    /** As Prometheus reads them. */
    text: () => registry.metrics(),
  };
}

/** Gauges whose names end as a counter's: each is a sum of another metric. */
const NO_COUNTERS = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** How many streams of live data there are, what they take, and what they deliver. */
function createLiveMetrics(registry: Registry) {
  const registers = [registry];
  const streams = new Gauge({ name: 'luaauth_live_streams', help: 'Subscriptions under way', registers });
  const scripts = new Gauge({
    name: 'luaauth_live_scripts',
    help: 'Scripts that subscriptions follow, for each API key',
    registers,
  });
  const polls = new Counter({
    name: 'luaauth_live_polls_total',
    help: 'Polls of this process, by what they found',
    labelNames: ['outcome'],
    registers,
  });
  const events = new Counter({
    name: 'luaauth_live_events_total',
    help: 'Events that subscribers received, by type',
    labelNames: ['type'],
    registers,
  });
  for (const outcome of ['changed', 'same', 'failed']) polls.inc({ outcome }, 0);
  for (const type of ['SessionsSnapshot', 'SessionsChange', 'SessionsDelay']) events.inc({ type }, 0);
  return {
    counted(counts: { readonly streams: number; readonly scripts: number }): void {
      streams.set(counts.streams);
      scripts.set(counts.scripts);
    },
    polled: (outcome: string): void => polls.inc({ outcome }),
    delivered: (type: string): void => events.inc({ type }),
  };
}
