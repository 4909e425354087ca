import type { MetricsOptions } from '../../server/features.ts';
import { version } from '../../version.ts';
import { createMetrics } from './metrics.ts';
import { createMetricsRoute, startMetricsServer } from './metrics-server.ts';

/** Opens the metrics on their own port, or as a page of the gateway. @throws StartError if it cannot listen */
export async function openMetrics({ host, port, key, linesLost, checkHost }: MetricsOptions) {
  const metrics = createMetrics({ key, linesLost, version });
  if (port === undefined)
    return { ...metrics, pages: [createMetricsRoute(metrics)], url: undefined, close() {} };
  const { url, close } = await startMetricsServer(metrics, { host, port }, checkHost);
  return { ...metrics, pages: [], url, close };
}
