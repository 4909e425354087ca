import type { Plugin } from 'graphql-yoga';
import { readPlainKey } from '../callers/key-ring.ts';
import type { Config, MetricsConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import type { LiveObserver } from '../live/live.ts';
import { type AuditFile, openAuditFile } from '../observability/audit-file.ts';
import { combineObservers } from '../observability/combine-observers.ts';
import { createLog, type LifeCycleLog, type OperationLog } from '../observability/log.ts';
import type { LogOutput } from '../observability/log-output.ts';
import type { GatewayLog, RequestObserver } from '../observability/request-record.ts';
import { StartError } from '../observability/start-error.ts';
import { openStdout } from '../observability/stdout.ts';
import type { Observer } from '../transport/observer.ts';
import { version } from '../version.ts';

/** What tells of the process to those who run it. */
export interface Observability {
  readonly log: GatewayLog;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly lifeCycle: LifeCycleLog;
  /** For the transport. */
  readonly upstream: Observer;
  /** For the gateway. */
  readonly requests: readonly RequestObserver[];
  readonly live: LiveObserver | undefined;
  readonly routes: readonly Plugin<Context>[];
  /** Where the metrics are, if they have a port of their own. */
  readonly metricsUrl: string | undefined;
  /** Opens the audit file anew; undefined: there is none. */
  readonly reopen: (() => void) | undefined;
  close(): Promise<void>;
}

/** Opens what is configured. What is not is not even loaded. @throws StartError */
export async function openObservability(config: Config): Promise<Observability> {
  const destination = await openStdout((lines) =>
    log.warn(`stdout took no lines for a while: ${lines} are lost`),
  );
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config), destination });
  const audit =
    config.auditFile === undefined ? undefined : openAuditFile(config.auditFile, secretsOf(config));
  const tracing = config.tracesUrl && (await openTracing(config.tracesUrl, log.warn));
  const metrics = config.metrics && (await openMetrics(config.metrics, destination));
  const all = [log, metrics, tracing].filter((one) => one !== undefined);
  return {
    log,
    info: log.info,
    warn: log.warn,
    lifeCycle: log,
    upstream: combineObservers(all.map(({ upstream }) => upstream)),
    // First: what else is told of a write may fail.
    requests: [audit?.observer, ...all.map(({ operations }) => operations)].filter(
      (observer) => observer !== undefined,
    ),
    live: metrics?.live,
    routes: metrics?.routes ?? [],
    metricsUrl: metrics?.url,
    reopen: audit && (() => reopen(audit, log)),
    async close() {
      metrics?.close();
      await tracing?.close();
      audit?.close();
    },
  };
}

/** A file that cannot be opened anew leaves the one that is open. */
function reopen(audit: AuditFile, log: Pick<OperationLog, 'info' | 'warn'>): void {
  try {
    audit.reopen();
    log.info('AUDIT_LOG_FILE: opened again');
  } catch (error) {
    log.warn(`${(error as Error).message} The file of before is written on.`);
  }
}

/** What must not be shown anywhere. */
function secretsOf({ credentials: { heldKey, gatewayKeys = [] }, metrics, redis }: Config): string[] {
  const plain = gatewayKeys.map((given) => readPlainKey(given).key);
  const password = redis && decodeURIComponent(new URL(redis.url).password);
  return [heldKey, metrics?.key, redis?.url, password || undefined, ...plain].filter(
    (secret) => secret !== undefined,
  );
}

async function openMetrics({ host, port, key }: MetricsConfig, logOutput: LogOutput) {
  const { createMetrics } = await import('../observability/metrics.ts');
  const metrics = createMetrics({ key, linesLost: () => logOutput.lost });
  if (port === undefined) {
    const { createMetricsRoute } = await import('../http/metrics-route.ts');
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

async function openTracing(url: URL, warn: (message: string) => void) {
  const { startOtel } = await import('../observability/otel-sdk.ts');
  const { createTracing } = await import('../observability/tracing.ts');
  const { tracer, close } = await startOtel({ url, version, warn });
  return { ...createTracing(tracer), close };
}
