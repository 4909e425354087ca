import { isKeyForAll } from '../callers/identify.ts';
import { readPlainKey } from '../callers/key-store.ts';
import type { Config, MetricsConfig } from '../config/config.ts';
import { type AuditFile, openAuditFile } from '../features/audit/audit-file.ts';
import { createHostCheck } from '../http/guards.ts';
import { createLog, type OperationLog } from '../observability/log.ts';
import { type LogOutput, openStdout } from '../observability/log-output.ts';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import { hashOf } from '../state/documents.ts';
import type { Observer } from '../transport/observer.ts';
import { version } from '../version.ts';

/** Logs, metrics and traces of the process, for those who run it. */
export type Observability = Awaited<ReturnType<typeof openObservability>>;

/** Opens what is configured, and loads nothing else. The log is on stdout, or on stderr (2). @throws StartError */
export async function openObservability(config: Config, logTo: 1 | 2 = 1) {
  const destination = await openStdout(
    (lines) => log.warn(`${logTo === 1 ? 'stdout' : 'stderr'} took no lines for a while: ${lines} are lost`),
    logTo,
  );
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat,
    secrets: secretsOf(config),
    destination,
  });
  const audit =
    config.auditFile === undefined ? undefined : openAuditFile(config.auditFile, secretsOf(config));
  const tracing = config.tracesUrl && (await openTracing(config, config.tracesUrl, log.warn));
  const metrics = config.metrics && (await openMetrics(config, config.metrics, destination));
  // A line of the log names the span, so that begins before.
  const all = [tracing, log, metrics].filter((one) => one !== undefined);
  return {
    log,
    upstream: all.map(({ upstream }): Observer => upstream),
    // The audit file is first: whatever else hears of a write may fail.
    requests: [audit?.observer, ...all.map(({ operations }) => operations)].filter(
      (observer) => observer !== undefined,
    ),
    live: metrics?.live,
    pages: metrics?.pages ?? [],
    /** Receives the documents that are listed from then on; undefined: nothing is traced. */
    list: tracing?.list,
    /** Where the metrics are, if they have a port of their own. */
    metricsUrl: metrics?.url,
    replaceMetricsKey: metrics?.replaceKey,
    /** Hides these in the log and the audit file as well, from now on. */
    hide(secrets: readonly string[]) {
      log.hide(secrets);
      audit?.hide(secrets);
    },
    /** Opens the audit file again; undefined: there is none. */
    reopen: audit && (() => reopen(audit, log)),
    async close() {
      metrics?.close();
      await tracing?.close();
      audit?.close();
    },
  };
}

/** A file that cannot be opened again leaves the one that is open. */
function reopen(audit: AuditFile, log: Pick<OperationLog, 'info' | 'warn'>): void {
  try {
    audit.reopen();
    log.info('AUDIT_LOG_FILE: opened again');
  } catch (error) {
    log.warn(`${(error as Error).message} The file of before is written on.`);
  }
}

function secretsOf(config: Config): string[] {
  const { credentials, metrics, redis, gatewayKey } = config;
  const { heldKey, gatewayKeys = [] } = credentials;
  const plain = gatewayKeys.map((given) => readPlainKey(given).key);
  return [heldKey, gatewayKey, metrics?.key, ...(redis ? secretsInUrl(redis.url) : []), ...plain].filter(
    (secret) => secret !== undefined,
  );
}

/** A URL with a password, and the password. */
export function secretsInUrl(url: string): string[] {
  const password = decodeURIComponent(new URL(url).password);
  return password === '' ? [url] : [url, password];
}

async function openMetrics(
  { credentials, keysFile, jwt, corsOrigins }: Config,
  { host, port, key }: MetricsConfig,
  logOutput: LogOutput,
) {
  const { createMetrics } = await import('../features/metrics/metrics.ts');
  const metrics = createMetrics({ key, linesLost: () => logOutput.lost, version });
  const { createMetricsRoute, startMetricsServer } = await import('../features/metrics/metrics-server.ts');
  if (port === undefined)
    return { ...metrics, pages: [createMetricsRoute(metrics)], url: undefined, close() {} };
  // No page knows METRICS_KEY, so its holder may use any name.
  const isForAll = isKeyForAll(credentials) && !keysFile && !jwt && key === undefined;
  const checkHost = createHostCheck(isForAll ? [] : ['*'], corsOrigins);
  const { url, close } = await startMetricsServer(metrics, { host, port }, checkHost);
  return { ...metrics, pages: [], url, close };
}

/** Starts tracing. @throws StartError where its packages are not installed */
export async function openTracing({ persisted }: Config, url: URL, warn: (message: string) => void) {
  const { createTracing, startOtel } = await import('../features/tracing/tracing.ts');
  const { tracer, close } = await startOtel({ url, version, warn });
  const tracing = createTracing(tracer);
  const list = (documents: ListedDocuments) => tracing.list(new Set([...documents.values()].map(hashOf)));
  list(persisted.listed);
  return { ...tracing, list, close };
}
