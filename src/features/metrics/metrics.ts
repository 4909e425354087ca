import { createHash, timingSafeEqual } from 'node:crypto';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createMeters, type Meters } from './meters.ts';
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
  const meters = createMeters(registry);
  const build = meters.gauge(
    'luaauth_build_info',
    '1, for the version of the gateway and of Node that it runs on',
    'version',
    'node_version',
  );
  build.set({ version, node_version: process.versions.node }, 1);
  const lost = meters.counter(
    'luaauth_log_lines_lost_total',
    'Lines of the log that are lost, as nobody read stdout or its disk was full',
  );
  let expected = key === undefined ? undefined : digest(`Bearer ${key}`);
  return {
    upstream: createUpstreamMetrics(meters),
    operations: createOperationMetrics(meters),
    live: createLiveMetrics(meters),
    contentType: registry.contentType,
    /** Whether a request with this `Authorization` header may read them. */
    isAllowed: (authorization: string | null | undefined) =>
      expected === undefined || timingSafeEqual(digest(authorization ?? ''), expected),
    /** From now on a scraper must send this key. */
    replaceKey(next: string) {
      expected = digest(`Bearer ${next}`);
    },
    /** As Prometheus reads them. */
    text() {
      lost.reset();
      lost.inc(linesLost());
      return registry.metrics();
    },
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
function createLiveMetrics({ counter, gauge }: Meters) {
  const streams = gauge('luaauth_live_streams', 'Subscriptions under way');
  const scripts = gauge('luaauth_live_scripts', 'Scripts that subscriptions follow, for each API key');
  const polls = counter('luaauth_live_polls_total', 'Polls of this process, by what they found', 'outcome');
  const events = counter('luaauth_live_events_total', 'Events that subscribers received, by type', 'type');
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
