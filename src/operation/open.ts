import type { Plugin } from 'graphql-yoga';
import type { LevelWithSilent } from 'pino';
import type { Context } from '../context.ts';
import type { Observer } from '../transport/observer.ts';
import { combineObservers } from './combine.ts';
import { openStdout } from './destination.ts';
import { createLog } from './log.ts';
import type { GatewayLog } from './masks.ts';
import type { MetricsShare } from './metrics.ts';
import type { Counts } from './metrics-of-all.ts';
import { StartError } from './start-error.ts';
import type { Tracing } from './tracing.ts';
import type { VisitObserver } from './visit.ts';

export interface OperationOptions {
  readonly logLevel: LevelWithSilent;
  /** Never shown. */
  readonly secrets: readonly string[];
  /** Where the metrics are: on a port of their own, or on the gateway's for who presents the key; undefined: none. */
  readonly metrics:
    | { readonly host: string; readonly port: number | undefined; readonly key: string | undefined }
    | undefined;
  /** Where a collector takes traces; undefined: there are none. */
  readonly tracesUrl: URL | undefined;
  readonly version: string;
  /** What this process does of the work, and how it meets the metrics of the others; undefined: it is alone. */
  readonly share?: MetricsShare | undefined;
}

/** What tells of the process to those who run it. */
export interface Operation {
  readonly log: GatewayLog;
  readonly warn: (message: string) => void;
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly visits: readonly VisitObserver[];
  readonly routes: readonly Plugin<Context>[];
  /** Where the metrics are, if they have a port of their own. */
  readonly metricsUrl: string | undefined;
  /** The metrics of all processes, as text, and what this one has counted: nothing without metrics. */
  readonly metricsText: () => Promise<string>;
  readonly counts: () => Promise<Counts>;
  /** What leads from an operation to its calls in another process; undefined without tracing. */
  readonly spans: Tracing['spans'] | undefined;
  close(): Promise<void>;
}

/** Opens what is configured. What is not is not even loaded. @throws StartError */
export async function openOperation(options: OperationOptions): Promise<Operation> {
  const { logLevel, secrets, share } = options;
  const log = createLog({ level: logLevel, secrets, destination: await openStdout(process.stdout.isTTY) });
  const tracing = options.tracesUrl && (await openTracing(options.tracesUrl, options.version, log.warn));
  const metrics = options.metrics && (await openMetrics(options.metrics, share));
  const all = [log, metrics, tracing].filter((one) => one !== undefined);
  return {
    log,
    warn: log.warn,
    upstream: combineObservers(all.map(({ upstream }) => upstream)),
    visits: all.map(({ operations }) => operations).filter((observer) => observer !== undefined),
    routes: metrics?.routes ?? [],
    metricsUrl: metrics?.url,
    metricsText: async () => metrics?.text() ?? '',
    counts: async () => metrics?.counts() ?? [],
    spans: tracing?.spans,
    async close() {
      metrics?.close();
      await tracing?.close();
    },
  };
}

async function openMetrics(
  { host, port, key }: NonNullable<OperationOptions['metrics']>,
  share: MetricsShare | undefined,
) {
  const { createMetrics, createMetricsRoute } = await import('./metrics.ts');
  const metrics = createMetrics({ key, share });
  const isServedHere = (part: MetricsShare['part']) => share === undefined || share.part === part;
  if (port === undefined || !isServedHere('upstream')) {
    const routes = port === undefined && isServedHere('operations') ? [createMetricsRoute(metrics)] : [];
    return { ...metrics, routes, url: undefined, close() {} };
  }
  const { startMetricsServer } = await import('./metrics-server.ts');
  const { url, close } = await startMetricsServer(metrics, { host, port }).catch((cause) => {
    throw new StartError(
      `Cannot listen on ${host}:${port} (${cause.code}). Set METRICS_HOST and METRICS_PORT to a free address.`,
      { cause },
    );
  });
  return { ...metrics, routes: [], url, close };
}

async function openTracing(url: URL, version: string, warn: (message: string) => void) {
  const { startOtel } = await import('./otel-sdk.ts');
  const { createTracing } = await import('./tracing.ts');
  const { tracer, close } = await startOtel({ url, version, warn });
  return { ...createTracing(tracer), close };
}
