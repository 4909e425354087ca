import { existsSync } from 'node:fs';
import { configurePersisted } from './document-list.ts';
import {
  ROWS,
  VARIABLES,
  type Variable,
  type VariableValues,
  WRITE_TIMEOUT_FACTOR,
} from './env-variables.ts';
import { type Environment, fileReader, overlay, readDefault, readValues } from './environment.ts';
import { findExampleKeys } from './example-keys.ts';
import { notesOnGoneVariables } from './gone-variables.ts';
import { isKeysFile, readKeysFile } from './keys-file.ts';
import { notesOn } from './notes.ts';
import { findContradictions } from './requirements.ts';
import { parseDotEnv, readDocuments, readTextFile } from './text-file.ts';
import { redisUrl } from './text-kinds.ts';
import { findUnknownNames, notesOnNames } from './unknown-names.ts';
import { readUsersFile } from './users-file.ts';

/** The whole configuration. Most members have the value of a variable of env-variables.ts. */
export type Config = Readonly<ReturnType<typeof assemble>> & {
  /** Reads REDIS_URL_FILE again; undefined without this file. @throws Error if it holds no Redis URL */
  readonly readRedisUrl: (() => string) | undefined;
  /** The variables whose value differs from the default. Leaves out switches that are off. */
  readonly asked: readonly string[];
  /** Sentences about settings that are valid but make no sense, and about variables that are gone. */
  readonly notes: readonly string[];
  /** Files of secrets that may change while the gateway runs. */
  readonly secretFiles: readonly SecretFile[];
};
export type SecretFile = NonNullable<ReturnType<typeof secretFile>>;

/** The configuration, or its problems. Each problem names the variable and what is allowed. */
type ConfigResult = { readonly config: Config } | { readonly problems: readonly string[] };

/**
 * The flags of Node for each worker. A flag that the user has set remains.
 * - A half of the young generation has at most 8 MB; V8 takes up to 16. The modules of the start make it grow, and V8 keeps
 *   that memory.
 * - V8 has one helper thread, not four: other workers use the other processors. Two workers take 10 MB less.
 */
export function nodeFlagsOfWorkers(): string[] {
  const given = `${process.execArgv} ${process.env.NODE_OPTIONS}`.replaceAll('_', '-');
  const own = Object.entries({ '--max-semi-space-size': 8, '--v8-pool-size': 1 });
  const missing = own.filter(([flag]) => !given.includes(flag));
  return [...process.execArgv, ...missing.map((flag) => flag.join('='))];
}

const MAX_DOT_ENV_BYTES = 1024 * 1024;
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;

/**
 * `.env` in the working directory comes first, then the environment, then the flags. `standInsFor` gives values for unset variables.
 */
export function loadConfig(
  environment: Environment,
  flags: Environment,
  standInsFor?: (given: Environment) => Environment,
): ConfigResult {
  const file = existsSync('.env') ? readTextFile('.env', MAX_DOT_ENV_BYTES) : { text: '' };
  if ('problem' in file)
    return { problems: [`.env: the file ${file.problem}. Make it readable, or remove it.`] };
  const { dotEnv, problems } = parseDotEnv(file.text);
  problems.push(...findUnknownNames(dotEnv, environment));
  const given = overlay(dotEnv, environment, flags);
  const result = readConfig(overlay(given, standInsFor?.(given) ?? {}));
  if (problems.length === 0) return result;
  return { problems: 'problems' in result ? [...problems, ...result.problems] : problems };
}

/** Reads and checks an environment. An empty variable counts as not set. */
export function readConfig(environment: Environment): ConfigResult {
  const { values, problems } = readValues(environment);
  const readRedisUrl = fileReader(environment, 'REDIS_URL', redisUrl);
  const secretFiles = SECRETS_IN_FILES.flatMap((name) => secretFile(environment, values, name) ?? []);
  const assembled = assemble(values, problems, readKeys(environment, values, problems));
  if (problems.length > 0) return { problems };
  const asked = ROWS.filter(([name, row]) => differsFromDefault(values, name, row)).map(([name]) => name);
  const { keysFile, jwt, credentials } = assembled;
  const asksForKeys = (keysFile ?? jwt ?? credentials.gatewayKeys) !== undefined;
  const notes = [
    ...notesOnGoneVariables(environment),
    ...notesOnNames(environment),
    ...notesOn(values, asksForKeys),
  ];
  return { config: { ...assembled, readRedisUrl, secretFiles, asked, notes } };
}

/** Whether a value differs from the default. False for switches that are off. */
function differsFromDefault(values: Readonly<Record<string, unknown>>, name: string, row: Variable): boolean {
  const value = values[name];
  if (value === false || value === 'off' || value === 'none') return false;
  return String(value) !== String(readDefault(name, row, values));
}

const SECRETS_IN_FILES = ['LUAAUTH_TOKEN', 'METRICS_KEY', 'REDIS_URL'] as const;

function secretFile(
  environment: Environment,
  values: VariableValues,
  name: (typeof SECRETS_IN_FILES)[number],
) {
  const path = environment[`${name}_FILE`];
  const read = fileReader(environment, name, VARIABLES[name]);
  return path && read ? { name, path, value: values[name], read } : undefined;
}

function assemble(values: VariableValues, problems: string[], keysFile: ReturnType<typeof readKeys>) {
  const { HOST: host, LUAAUTH_API_URL: apiUrl, LUAAUTH_TIMEOUT_MS: timeoutMs } = values;
  const { LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: gatewayKeys } = values;
  findContradictions(values, problems, keysFile !== undefined);
  findExampleKeys(values, problems);
  const { PERSISTED_DOCUMENTS: mode, PERSISTED_DOCUMENTS_FILE: path } = values;
  const persistedFrom = (all: string[]) =>
    configurePersisted(mode, path, all, (file) => readDocuments(file, MAX_MANIFEST_BYTES));
  return {
    /** Undefined: the gateway uses the built-in sandbox. */
    apiUrl,
    credentials: { heldKey, gatewayKeys },
    keysFile,
    usersFile: readUsers(values, problems),
    jwt: readJwt(values),
    host,
    port: values.PORT,
    graphiql: values.GRAPHIQL,
    dashboard: values.DASHBOARD,
    corsOrigins: values.CORS_ORIGINS ?? [],
    trustedProxy: values.TRUSTED_PROXY,
    maxBodyBytes: values.MAX_BODY_BYTES,
    readOnly: values.READ_ONLY,
    subgraphScopes: values.SUBGRAPH_SCOPES,
    persisted: persistedFrom(problems),
    documents: path === undefined ? undefined : { path, read: (all: string[]) => persistedFrom(all).listed },
    agents: values.MCP ? { isArbitrary: false } : undefined,
    gatewayKey: values.GATEWAY_KEY,
    /** In ms, like all times here. */
    timeouts: { read: timeoutMs, write: timeoutMs * WRITE_TIMEOUT_FACTOR },
    operationTimeoutMs: values.OPERATION_TIMEOUT_MS,
    rate: values.LUAAUTH_RATE,
    totalRate: values.LUAAUTH_TOTAL_RATE,
    freshMs: values.FRESH_MS,
    /** By the `freshFor` of endpoints. */
    freshMsFor: values.CACHE_TTL ?? {},
    staleMs: values.STALE_MS,
    redis: readRedis(values),
    workers: values.WORKERS,
    // The default is longer than any write.
    graceMs: values.SHUTDOWN_GRACE_MS,
    limits: {
      depth: values.MAX_DEPTH,
      restCalls: values.MAX_REST_CALLS,
      answerObjects: values.MAX_ANSWER_OBJECTS,
      answerBytes: values.MAX_ANSWER_BYTES,
    },
    live: {
      rate: values.LIVE_RATE,
      maxSessions: 2_000,
      maxStreams: 1_000,
      maxScripts: 100,
      maxLifetimeMs: 3_600_000,
    },
    logLevel: values.LOG_LEVEL,
    auditFile: values.AUDIT_LOG_FILE,
    metrics: readMetrics(values),
    metricsScripts: values.METRICS_SCRIPTS,
    tracesUrl: readTracesUrl(values),
  };
}

/** Adds the problems of the file. */
function readKeys(
  { GATEWAY_KEYS: list, GATEWAY_KEYS_FILE: path }: Environment,
  { LUAAUTH_TOKEN: heldKey }: VariableValues,
  problems: string[],
) {
  if (!path || list || !isKeysFile(path)) return undefined;
  const read = readKeysFile(path, heldKey);
  if ('entries' in read) return { path, entries: read.entries };
  problems.push(...read.problems.map((problem) => `GATEWAY_KEYS_FILE: ${JSON.stringify(path)}: ${problem}`));
  return undefined;
}

/** Adds the problem of the file. */
function readUsers({ USERS_FILE: path }: VariableValues, problems: string[]) {
  if (path === undefined) return undefined;
  const { version, parse } = readUsersFile(path);
  try {
    return { path, version, users: parse() };
  } catch (error) {
    problems.push(`USERS_FILE: ${JSON.stringify(path)}: ${(error as Error).message}`);
    return undefined;
  }
}

function readRedis(values: VariableValues) {
  const { REDIS_URL: url, REDIS_PREFIX: prefix, LUAAUTH_INSTANCES: instances } = values;
  return url === undefined ? undefined : { url, prefix, instances };
}

function readJwt(values: VariableValues) {
  const { GATEWAY_JWKS_URL: url, GATEWAY_JWT_ISSUER: issuer, GATEWAY_JWT_AUDIENCE: audience } = values;
  const isComplete = url !== undefined && issuer !== undefined && audience !== undefined;
  return isComplete ? { url, issuer, audience } : undefined;
}

function readMetrics({ METRICS_PORT: port, METRICS_KEY: key, METRICS_HOST: host }: VariableValues) {
  return port === undefined && key === undefined ? undefined : { host, port, key };
}

function readTracesUrl(values: VariableValues): URL | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole, OTEL_EXPORTER_OTLP_ENDPOINT: base } = values;
  return whole ?? (base && new URL(`${base.href.replace(/\/+$/, '')}/v1/traces`));
}

export const { config: defaults } = readConfig({}) as { config: Config };
