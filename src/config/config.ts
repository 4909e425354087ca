import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Credentials } from '../callers/identify.ts';
import type { KeyEntry } from '../callers/key-entries.ts';
import { hostInUrl, isInClear, isLoopback } from '../http/address.ts';
import { DEFAULT_MAX_BODIES_BYTES } from '../http/body-budget.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../http/read-body.ts';
import { defaultLimits, type Limits } from '../limits/limits.ts';
import { defaultLiveLimits, type LiveLimits } from '../live/live-limits.ts';
import type { Timeouts } from '../luaauth/api.ts';
import { configurePersisted } from '../operation/persisted/configure.ts';
import type { PersistedDocuments } from '../operation/persisted/resolve.ts';
import type { LogLevel, Name, VariableValues } from './env-variables.ts';
import { type Environment, overlay, readValues } from './environment.ts';
import { isKeysFile, readKeysFile } from './keys-file.ts';
import { readTextFile } from './text-file.ts';
import { findUnknownNames } from './unknown-names.ts';

export interface Config {
  /** Base URL of the REST API; undefined: the built-in sandbox. */
  readonly apiUrl: URL | undefined;
  readonly credentials: Omit<Credentials, 'keyRing'>;
  /** The file that says of each gateway key what it allows, and what it says. */
  readonly keysFile: KeysFile | undefined;
  /** How the JSON Web Tokens of callers are verified; undefined: they are not. */
  readonly jwt: JwtConfig | undefined;
  readonly host: string;
  readonly port: number;
  readonly graphiql: boolean;
  /** The origins whose pages may read answers; `*` stands for every origin. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxBodiesBytes: number;
  readonly compression: boolean;
  readonly readOnly: boolean;
  /** The documents that can be asked for by id, and whether others can be sent. */
  readonly persisted: PersistedDocuments;
  readonly timeouts: Timeouts;
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs: number;
  /** How long a client may go without reading any of its answer, in ms. */
  readonly writeTimeoutMs: number;
  /** Request starts in any second for one API key; 0: no limit. */
  readonly rate: number;
  /** The same for all API keys together; 0: no limit. */
  readonly totalRate: number;
  /** How long a copy of a read is as good as a call, and how long it is better than waiting, in ms. */
  readonly freshMs: number;
  readonly staleMs: number;
  /** Undefined: this gateway shares nothing with others. */
  readonly redis: RedisConfig | undefined;
  /** Processes that take requests. */
  readonly workers: number;
  readonly limits: Limits;
  readonly live: LiveLimits;
  readonly shutdown: Shutdown;
  readonly logLevel: LogLevel;
  /** Where writes are recorded for good; undefined: in the log alone. */
  readonly auditFile: string | undefined;
  /** Undefined: none are kept. */
  readonly metrics: MetricsConfig | undefined;
  /** Where a collector takes traces; undefined: there are none. */
  readonly tracesUrl: URL | undefined;
}

export interface JwtConfig {
  readonly url: URL;
  readonly issuer: string;
  readonly audience: string;
}

export interface KeysFile {
  readonly path: string;
  readonly entries: readonly KeyEntry[];
}

/** Where the metrics are: on a port of their own, or on the gateway's for who presents the key. */
export interface MetricsConfig {
  readonly host: string;
  readonly port: number | undefined;
  readonly key: string | undefined;
}

/** Through what several gateways belong together. */
export interface RedisConfig {
  /** May hold a password. */
  readonly url: string;
  readonly prefix: string;
  readonly isRequired: boolean;
  /** How many processes there are; undefined: as many as are in Redis. */
  readonly instances: number | undefined;
}

/** What happens when the process is told to stop. */
export interface Shutdown {
  /** How long `/readiness` says 503 before the listener closes, so that a load balancer can look away first. */
  readonly delayMs: number;
  /** How long calls that are under way may then take to finish. */
  readonly graceMs: number;
}

/** What an environment says, or every problem with it, each a line that names the variable and what is allowed. */
export type ConfigResult = { readonly config: Config } | { readonly problems: readonly string[] };

// A write may take longer than a read: cutting it short leaves its outcome unknown.
const WRITE_TIMEOUT_FACTOR = 2.5;
// LuaAuth may count by address as well (`upstream-api.md` does not say), and made-up keys come in any number.
const KEYS_AT_FULL_RATE = 4;
// Where OpenTelemetry's exporters look for one.
const DEFAULT_COLLECTOR = 'http://localhost:4318';

const MAX_DOT_ENV_BYTES = 1024 * 1024;
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;

/**
 * The only reader of the process's environment: `.env` in the working directory, overruled by what is set outside it,
 * and that by what the command line says.
 */
export function loadConfig(flags: Environment = {}): ConfigResult {
  const file = existsSync('.env') ? readTextFile('.env', MAX_DOT_ENV_BYTES) : { text: '' };
  if ('problem' in file)
    return { problems: [`.env: the file ${file.problem}. Make it readable, or remove it.`] };
  const dotEnv: Environment = parseEnv(file.text);
  const unknown = findUnknownNames(dotEnv, process.env);
  const result = readConfig(overlay(dotEnv, process.env, flags));
  if (unknown.length === 0) return result;
  return { problems: 'problems' in result ? [...unknown, ...result.problems] : unknown };
}

/** Reads and checks all of an environment. An empty variable counts as not set. */
export function readConfig(environment: Environment): ConfigResult {
  const { values, problems } = readValues(environment);
  const config = assemble(values, problems, readKeys(environment, problems));
  return problems.length > 0 ? { problems } : { config };
}

function assemble(values: VariableValues, problems: string[], keysFile: KeysFile | undefined): Config {
  const { HOST: host = '127.0.0.1', LUAAUTH_TIMEOUT_MS: timeoutMs = 10_000 } = values;
  const { LUAAUTH_RATE: rate = 50 } = values;
  const { LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: gatewayKeys } = values;
  const { PERSISTED_DOCUMENTS: persistedMode = 'allowed', LUAAUTH_API_URL: apiUrl } = values;
  // A variable with a problem of its own is not also missing.
  const isMissing = (name: Name) => values[name] === undefined && !problems.some((p) => p.startsWith(name));
  const jwt = readJwt(values, problems);
  const hasGatewayKeys = gatewayKeys !== undefined || keysFile !== undefined || jwt !== undefined;
  if (apiUrl && values.LUAAUTH_SANDBOX) {
    problems.push('LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.');
  }
  // Who forgets the URL, or misspells it, must not serve made-up data to those who trust it.
  if (values.NODE_ENV === 'production' && isMissing('LUAAUTH_API_URL') && !values.LUAAUTH_SANDBOX) {
    problems.push(
      'LUAAUTH_API_URL: not set, and NODE_ENV is production: made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true if the sandbox is meant.',
    );
  }
  if (apiUrl && isInClear(apiUrl) && !values.ALLOW_INSECURE_API) {
    problems.push(
      `LUAAUTH_API_URL: "${apiUrl.origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`,
    );
  }
  if (heldKey !== undefined && !hasGatewayKeys && isMissing('GATEWAY_KEYS') && !isLoopback(hostInUrl(host))) {
    problems.push(
      `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST ${JSON.stringify(host)} can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    );
  }
  if (hasGatewayKeys && isMissing('LUAAUTH_TOKEN')) {
    const name = gatewayKeys || keysFile ? 'GATEWAY_KEYS' : 'GATEWAY_JWKS_URL';
    problems.push(
      `${name}: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave ${name} out.`,
    );
  }
  if (heldKey !== undefined && !hasGatewayKeys && values.CORS_ORIGINS?.[0] === '*') {
    problems.push(
      'CORS_ORIGINS: *, but LUAAUTH_TOKEN is set without GATEWAY_KEYS: any page in a browser near the gateway could use your key. List the origins, or set GATEWAY_KEYS.',
    );
  }
  if ((values.WORKERS ?? 1) > 1 && isMissing('REDIS_URL')) {
    problems.push(
      `WORKERS: ${values.WORKERS}, but REDIS_URL is not set: each process would count the quota of LuaAuth for itself. Set REDIS_URL, or leave WORKERS out.`,
    );
  }
  if (values.LUAAUTH_INSTANCES !== undefined && isMissing('REDIS_URL')) {
    problems.push(
      'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth for itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    );
  }
  return {
    apiUrl,
    credentials: { heldKey, gatewayKeys },
    keysFile,
    jwt,
    host,
    port: values.PORT ?? 4000,
    // Where only listed documents run, GraphiQL cannot even read the schema.
    graphiql: values.GRAPHIQL ?? (values.NODE_ENV !== 'production' && persistedMode !== 'only'),
    corsOrigins: values.CORS_ORIGINS ?? [],
    maxBodyBytes: values.MAX_BODY_BYTES ?? DEFAULT_MAX_BODY_BYTES,
    maxBodiesBytes: values.MAX_BODIES_BYTES ?? DEFAULT_MAX_BODIES_BYTES,
    compression: values.COMPRESSION ?? true,
    readOnly: values.READ_ONLY ?? false,
    persisted: configurePersisted(persistedMode, values.PERSISTED_DOCUMENTS_FILE, problems, (path) =>
      readTextFile(path, MAX_MANIFEST_BYTES),
    ),
    timeouts: { read: timeoutMs, write: timeoutMs * WRITE_TIMEOUT_FACTOR },
    operationTimeoutMs: values.OPERATION_TIMEOUT_MS ?? 30_000,
    writeTimeoutMs: values.WRITE_TIMEOUT_MS ?? 30_000,
    rate,
    totalRate: values.LUAAUTH_TOTAL_RATE ?? rate * KEYS_AT_FULL_RATE,
    freshMs: values.FRESH_MS ?? 1_000,
    staleMs: values.STALE_MS ?? 60_000,
    redis: readRedis(values),
    workers: values.WORKERS ?? 1,
    // The grace is longer than any write by default.
    shutdown: {
      delayMs: values.SHUTDOWN_DELAY_MS ?? 100,
      graceMs: values.SHUTDOWN_GRACE_MS ?? 30_000,
    },
    limits: readLimits(values),
    live: readLiveLimits(values),
    logLevel: values.LOG_LEVEL ?? 'info',
    auditFile: values.AUDIT_LOG_FILE,
    metrics: readMetrics(values),
    tracesUrl: readTracesUrl(values),
  };
}

/** The file of gateway keys, if it is one that says what each allows; what is wrong with it is added to the problems. */
function readKeys({ GATEWAY_KEYS: list, GATEWAY_KEYS_FILE: path }: Environment, problems: string[]) {
  if (!path || list || !isKeysFile(path)) return undefined;
  const read = readKeysFile(path);
  if ('entries' in read) return { path, entries: read.entries };
  problems.push(...read.problems.map((problem) => `GATEWAY_KEYS_FILE: ${JSON.stringify(path)} ${problem}.`));
  return undefined;
}

function readRedis(values: VariableValues): RedisConfig | undefined {
  const { REDIS_URL: url, REDIS_PREFIX: prefix = 'luaauth', REDIS_REQUIRED: isRequired = true } = values;
  return url === undefined ? undefined : { url, prefix, isRequired, instances: values.LUAAUTH_INSTANCES };
}

/** All three or none: without one of them a token of anybody, or for anything, would do. */
function readJwt(values: VariableValues, problems: string[]): JwtConfig | undefined {
  const { GATEWAY_JWKS_URL: url, GATEWAY_JWT_ISSUER: issuer, GATEWAY_JWT_AUDIENCE: audience } = values;
  if (url && isInClear(url)) {
    problems.push(
      `GATEWAY_JWKS_URL: "${url.origin}" is not encrypted, so anyone on the way could put their own keys there. Begin it with https://.`,
    );
  }
  if (url !== undefined && issuer !== undefined && audience !== undefined) return { url, issuer, audience };
  if ((url ?? issuer ?? audience) === undefined) return undefined;
  const names = ['GATEWAY_JWKS_URL', 'GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'] as const;
  for (const name of names) {
    if (values[name] !== undefined || problems.some((problem) => problem.startsWith(name))) continue;
    problems.push(`${name}: not set, but needed beside the other two of ${names.join(', ')}.`);
  }
  return undefined;
}

function readMetrics({
  METRICS_PORT: port,
  METRICS_KEY: key,
  METRICS_HOST: host = '127.0.0.1',
}: VariableValues) {
  return port === undefined && key === undefined ? undefined : { host, port, key };
}

/** As OpenTelemetry defines these variables. */
function readTracesUrl(values: VariableValues): URL | undefined {
  const { OTEL_TRACES_EXPORTER: exporter, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = values;
  const base = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (exporter === 'none' || (exporter ?? whole ?? base) === undefined) return undefined;
  return whole ?? new URL(`${base?.href.replace(/\/+$/, '') ?? DEFAULT_COLLECTOR}/v1/traces`);
}

function readLimits(values: VariableValues): Limits {
  return {
    documentLength: values.MAX_DOCUMENT_LENGTH ?? defaultLimits.documentLength,
    tokens: values.MAX_TOKENS ?? defaultLimits.tokens,
    depth: values.MAX_DEPTH ?? defaultLimits.depth,
    aliases: values.MAX_ALIASES ?? defaultLimits.aliases,
    directives: values.MAX_DIRECTIVES ?? defaultLimits.directives,
    queryFields: values.MAX_QUERY_FIELDS ?? defaultLimits.queryFields,
    mutationFields: values.MAX_MUTATION_FIELDS ?? defaultLimits.mutationFields,
    restCalls: values.MAX_REST_CALLS ?? defaultLimits.restCalls,
    answerObjects: values.MAX_ANSWER_OBJECTS ?? defaultLimits.answerObjects,
    answerBytes: values.MAX_ANSWER_BYTES ?? defaultLimits.answerBytes,
  };
}

function readLiveLimits(values: VariableValues): LiveLimits {
  return {
    rate: values.LIVE_RATE ?? defaultLiveLimits.rate,
    maxSessions: values.LIVE_MAX_SESSIONS ?? defaultLiveLimits.maxSessions,
    maxStreams: values.LIVE_MAX_STREAMS ?? defaultLiveLimits.maxStreams,
    maxScripts: values.LIVE_MAX_SCRIPTS ?? defaultLiveLimits.maxScripts,
    maxLifetimeMs: values.LIVE_MAX_LIFETIME_MS ?? defaultLiveLimits.maxLifetimeMs,
  };
}
