import { createHash, timingSafeEqual } from 'node:crypto';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createMeters, type Meters } from './meters.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import { createUpstreamMetrics } from './upstream-metrics.ts';

interface MetricsOptions {
  /** The key that a request must have to read the metrics. Undefined: none. */
  readonly key?: string | undefined;
  readonly linesLost?: () => number;
  readonly version?: string;
}

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics({ key, linesLost = () => 0, version = 'unknown' }: MetricsOptions = {}) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const meters = createMeters(registry);
  const build = meters.gauge(
    'luaauth_build_info',
    'Always 1; the labels have the versions of the gateway and of Node',
    'version',
    'node_version',
  );
  build.set({ version, node_version: process.versions.node }, 1);
  const lost = meters.counter(
    'luaauth_log_lines_lost_total',
    'Lines of the log that were lost because stdout was not read or its disk was full',
  );
  const expected = key === undefined ? undefined : digest(`Bearer ${key}`);
  return {
    upstream: createUpstreamMetrics(meters),
    operations: createOperationMetrics(meters),
    live: createLiveMetrics(meters),
    online: createOnlineMetrics(meters),
    contentType: registry.contentType,
    isAllowed: (authorization: string | null | undefined) =>
      expected === undefined || timingSafeEqual(digest(authorization ?? ''), expected),
    /** In Prometheus's format. */
    text() {
      lost.reset();
      lost.inc(linesLost());
      return registry.metrics();
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function createLiveMetrics({ counter, gauge }: Meters) {
  const streams = gauge('luaauth_live_streams', 'Active subscriptions');
  const scripts = gauge('luaauth_live_scripts', 'Scripts that subscriptions follow, counted per API key');
  const polls = counter('luaauth_live_polls_total', 'Polls of this process, by outcome', 'outcome');
  const events = counter('luaauth_live_events_total', 'Events sent to subscribers, by type', 'type');
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

/** The connected users of the scripts in METRICS_SCRIPTS. An unknown number has no series. */
function createOnlineMetrics({ gauge }: Meters) {
  const sessions = gauge(
    'luaauth_script_sessions',
    'Connected users of a script in METRICS_SCRIPTS',
    'script',
  );
  return {
    sampled: (script: string, count: number | undefined): void =>
      count === undefined ? sessions.remove({ script }) : sessions.set({ script }, count),
  };
}
