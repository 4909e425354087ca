import type { MetricsOptions } from '../../server/features.ts';
import { version } from '../../version.ts';
import { createMetrics } from './metrics.ts';
import { createMetricsRoute, startMetricsServer } from './metrics-server.ts';

/** Counts for Prometheus, on a port of their own or as a page of the gateway. @throws StartError when the port cannot be had */
export async function openMetrics({ host, port, key, linesLost, checkHost }: MetricsOptions) {
  const metrics = createMetrics({ key, linesLost, version });
  if (port === undefined)
    return { ...metrics, pages: [createMetricsRoute(metrics)], url: undefined, close() {} };
  const { url, close } = await startMetricsServer(metrics, { host, port }, checkHost);
  return { ...metrics, pages: [], url, close };
}
