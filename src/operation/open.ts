import type { Plugin } from 'graphql-yoga';
import type { LevelWithSilent } from 'pino';
import type { Context } from '../context.ts';
import type { Observer } from '../transport/observer.ts';
import { combineObservers } from './combine.ts';
import { openStdout } from './destination.ts';
import { createLog } from './log.ts';
import type { GatewayLog } from './masks.ts';
import { StartError } from './start-error.ts';
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
  close(): Promise<void>;
}

/** Opens what is configured. What is not is not even loaded. @throws StartError */
export async function openOperation(options: OperationOptions): Promise<Operation> {
  const { logLevel, secrets } = options;
  const log = createLog({ level: logLevel, secrets, destination: await openStdout(process.stdout.isTTY) });
  const tracing = options.tracesUrl && (await openTracing(options.tracesUrl, options.version, log.warn));
  const metrics = options.metrics && (await openMetrics(options.metrics));
  const all = [log, metrics, tracing].filter((one) => one !== undefined);
  return {
    log,
    warn: log.warn,
    upstream: combineObservers(all.map(({ upstream }) => upstream)),
    visits: all.map(({ operations }) => operations).filter((observer) => observer !== undefined),
    routes: metrics?.routes ?? [],
    metricsUrl: metrics?.url,
    async close() {
      metrics?.close();
      await tracing?.close();
    },
  };
}

async function openMetrics({ host, port, key }: NonNullable<OperationOptions['metrics']>) {
  const { createMetrics, createMetricsRoute } = await import('./metrics.ts');
  const metrics = createMetrics({ key });
  if (port === undefined) {
    return { ...metrics, routes: [createMetricsRoute(metrics)], url: undefined, close() {} };
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
