import { isKeyForAll } from '../callers/identify.ts';
import { readPlainKey } from '../callers/key-store.ts';
import type { Config } from '../config/config.ts';
import { createHostCheck } from '../http/guards.ts';
import { createLog, type OperationLog } from '../observability/log.ts';
import type { Observer } from '../transport/observer.ts';
import type { AuditFile, ProcessFeatures } from './features.ts';
import { type LogOutput, openStdout } from './log-output.ts';

/** Logs, metrics and traces of the process, for those who run it. */
export type Observability = Awaited<ReturnType<typeof openObservability>>;

/** The parts of the configuration that logs, metrics and traces depend on, with the secrets that none of them shows. */
type ObservabilityConfig = Pick<
  Config,
  | 'logLevel'
  | 'logFormat'
  | 'auditFile'
  | 'tracesUrl'
  | 'metrics'
  | 'persisted'
  | keyof AccessConfig
  | keyof SecretConfig
>;
type AccessConfig = Pick<Config, 'credentials' | 'keysFile' | 'jwt' | 'corsOrigins'>;
type SecretConfig = Pick<Config, 'credentials' | 'gatewayKey' | 'metrics' | 'redis'>;

/** Opens what is configured, and loads nothing else. The log is on stdout, or on stderr (2). @throws StartError */
export async function openObservability(
  config: ObservabilityConfig,
  features: ProcessFeatures,
  logTo: 1 | 2 = 1,
) {
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
  const { auditFile, tracesUrl } = config;
  const audit =
    auditFile === undefined
      ? undefined
      : (await features.audit?.())?.openAuditFile(auditFile, secretsOf(config));
  const tracing = tracesUrl && (await (await features.tracing?.())?.openTracing(tracesUrl, log.warn));
  tracing?.list(config.persisted.listed);
  const metrics = config.metrics && (await openMetrics(config, config.metrics, destination, features));
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

function secretsOf(config: SecretConfig): string[] {
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
  { credentials, keysFile, jwt, corsOrigins }: AccessConfig,
  given: NonNullable<Config['metrics']>,
  logOutput: LogOutput,
  features: ProcessFeatures,
) {
  // No page knows METRICS_KEY, so its holder may use any name.
  const isForAll = isKeyForAll(credentials) && !keysFile && !jwt && given.key === undefined;
  const checkHost = createHostCheck(isForAll ? [] : ['*'], corsOrigins);
  return (await features.metrics?.())?.openMetrics({ ...given, checkHost, linesLost: () => logOutput.lost });
}
