import { isKeyForAll } from '../callers/identify.ts';
import { readPlainKey } from '../callers/key-ring.ts';
import type { Config } from '../config/config.ts';
import { createHostCheck } from '../http/guards.ts';
import type { AnswerObserver } from '../observability/difference.ts';
import type { Observer } from '../transport/observer.ts';
import type { AuditFile, LoadedFeatures } from './features.ts';
import { createLog, type OperationLog } from './log.ts';
import { type LogOutput, openStdout } from './log-output.ts';

export type Observability = Awaited<ReturnType<typeof openObservability>>;

/** Opens what is configured. The log goes to stdout, or to stderr (2). @throws StartError */
export async function openObservability(config: Config, features: LoadedFeatures, logTo: 1 | 2 = 1) {
  const destination = openStdout(
    (lines) =>
      log.warn(`${logTo === 1 ? 'stdout' : 'stderr'} accepted no lines for a while: ${lines} lines are lost`),
    logTo,
  );
  const log = createLog({
    level: config.logLevel,
    secrets: secretsOf(config),
    destination,
  });
  const { auditFile, tracesUrl } = config;
  const audit =
    auditFile === undefined ? undefined : features.audit?.openAuditFile(auditFile, secretsOf(config));
  const tracing =
    tracesUrl && (await features.tracing?.openTracing(tracesUrl, config.persisted.listed, log.warn));
  const metrics = config.metrics && (await openMetrics(config, config.metrics, destination, features));
  // Tracing comes first, because a log line names the span.
  const all = [tracing, log, metrics].filter((one) => one !== undefined);
  return {
    log,
    upstream: all.map(({ upstream }): Observer & AnswerObserver => upstream),
    // The audit file comes first, because other observers of a write may fail.
    requests: [audit?.observer, ...all.map(({ operations }) => operations)].filter(
      (observer) => observer !== undefined,
    ),
    live: metrics?.live,
    online: metrics?.online,
    pages: metrics?.pages ?? [],
    metricsUrl: metrics?.url,
    /** Hides further secrets in the log and the audit file. */
    hide(secrets: readonly string[]) {
      log.hide(secrets);
      audit?.hide(secrets);
    },
    /** Opens the audit file again. Undefined without an audit file. */
    reopen: audit && (() => reopen(audit, log)),
    async close() {
      metrics?.close();
      await tracing?.close();
      audit?.close();
    },
  };
}

/** If the file cannot be opened again, the open file stays in use. */
function reopen(audit: AuditFile, log: Pick<OperationLog, 'info' | 'warn'>): void {
  try {
    audit.reopen();
    log.info('AUDIT_LOG_FILE: opened again');
  } catch (error) {
    log.warn(`${(error as Error).message} The previous file stays open.`);
  }
}

/** What no line of a log or an audit file shows. */
export function secretsOf({ credentials, metrics, redis, gatewayKey }: Config): string[] {
  const { heldKey, gatewayKeys = [] } = credentials;
  const plain = gatewayKeys.map((given) => readPlainKey(given).key);
  return [heldKey, gatewayKey, metrics?.key, ...(redis ? secretsInUrl(redis.url) : []), ...plain].filter(
    (secret) => secret !== undefined,
  );
}

/** A URL with a password, and the password itself. */
function secretsInUrl(url: string): string[] {
  const password = decodeURIComponent(new URL(url).password);
  return password === '' ? [url] : [url, password];
}

async function openMetrics(
  { credentials, keysFile, jwt, corsOrigins }: Config,
  given: NonNullable<Config['metrics']>,
  logOutput: LogOutput,
  features: LoadedFeatures,
) {
  // No web page knows METRICS_KEY, so with a key every host name is allowed.
  const isOpenToAll = isKeyForAll(credentials) && !keysFile && !jwt && given.key === undefined;
  const checkHost = createHostCheck(isOpenToAll ? [] : ['*'], corsOrigins);
  return features.metrics?.openMetrics({ ...given, checkHost, linesLost: () => logOutput.lost });
}
