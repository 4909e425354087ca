import type { Plugin } from 'graphql-yoga';
import type { LevelWithSilent } from 'pino';
import type { Context } from '../context.ts';
import type { Observer } from '../transport/observer.ts';
import { combineObservers } from './combine.ts';
import { openStdout } from './destination.ts';
import { createLog } from './log.ts';
import type { GatewayLog } from './masks.ts';
import type { VisitObserver } from './visit.ts';

export interface OperationOptions {
  readonly logLevel: LevelWithSilent;
  /** Never shown. */
  readonly secrets: readonly string[];
  /** Where the metrics are: on a port of their own, or on the gateway's for who presents the key; undefined: none. */
  readonly metrics:
    | { readonly host: string; readonly port: number | undefined; readonly key: string | undefined }
    | undefined;
}

/** What tells of the process to those who run it. */
export interface Operation {
  readonly log: GatewayLog;
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly visits: readonly VisitObserver[];
  readonly plugins: readonly Plugin<Context>[];
  /** Where the metrics are, if they have a port of their own. */
  readonly metricsUrl: string | undefined;
  close(): Promise<void>;
}

/** Opens what is configured. What is not is not even loaded. @throws ListenError */
export async function openOperation(options: OperationOptions): Promise<Operation> {
  const { logLevel, secrets } = options;
  const log = createLog({ level: logLevel, secrets, destination: await openStdout(process.stdout.isTTY) });
  const metrics = options.metrics && (await openMetrics(options.metrics));
  return {
    log,
    upstream: combineObservers([log.upstream, ...(metrics ? [metrics.upstream] : [])]),
    visits: [log.operations, metrics?.operations].filter((observer) => observer !== undefined),
    plugins: metrics?.plugins ?? [],
    metricsUrl: metrics?.url,
    async close() {
      metrics?.close();
    },
  };
}

async function openMetrics({ host, port, key }: NonNullable<OperationOptions['metrics']>) {
  const { createMetrics, createMetricsRoute } = await import('./metrics.ts');
  const metrics = createMetrics({ key });
  const { upstream, operations } = metrics;
  if (port === undefined) {
    return { upstream, operations, plugins: [createMetricsRoute(metrics)], url: undefined, close() {} };
  }
  const { startMetricsServer } = await import('./metrics-server.ts');
  const { url, close } = await startMetricsServer(metrics, { host, port });
  return { upstream, operations, plugins: [], url, close };
}
