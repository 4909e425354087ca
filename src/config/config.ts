import { existsSync } from 'node:fs';
import type { ListedDocuments } from '../operation/document-resolver.ts';
import { readDocumentList } from './document-list.ts';
import { KEYS_AT_FULL_RATE, VARIABLES, type VariableValues, WRITE_TIMEOUT_FACTOR } from './env-variables.ts';
import { type Environment, overlay, parseSecret, readSecretFile, readValues } from './environment.ts';
import { parseKeyEntries, readKeysFile } from './keys-file.ts';
import { isKeysFile } from './plain-keys.ts';
import { openReloadedFile } from './reloaded-file.ts';
import { findContradictions, keysFrom, notesOn } from './rules.ts';
import { parseDotEnv, readTextFile } from './text-file.ts';
import { collect, named } from './unusable.ts';
import { USERS } from './users-file.ts';
import { findUnknownNames, notesOnSimilarNames } from './variable-names.ts';

/** The whole configuration. Most members have the value of a variable of env-variables.ts. */
export type Config = Readonly<ReturnType<typeof assemble>> & {
  /** Sentences about settings that are valid but may surprise. */
  readonly notes: readonly string[];
};

/** The configuration, or its problems. Each problem names the variable and what is allowed. */
type ConfigResult = { readonly config: Config } | { readonly problems: readonly string[] };

const MAX_DOT_ENV_BYTES = 1024 * 1024;

/**
 * `.env` in the working directory comes first, then the environment, then the flags. `standInsFor` gives values for unset variables.
 */
export function loadConfig(
  environment: Environment,
  flags: Environment,
  standInsFor?: (given: Environment) => Environment,
): ConfigResult {
  const problems: string[] = [];
  const dotEnv = collect(problems, () => named('.env', () => readDotEnv(problems)));
  if (!dotEnv) return { problems };
  problems.push(...findUnknownNames(dotEnv, environment));
  const given = overlay(dotEnv, environment, flags);
  const result = readConfig(overlay(given, standInsFor?.(given) ?? {}));
  if ('problems' in result) return { problems: [...problems, ...result.problems] };
  if (problems.length > 0) return { problems };
  const { notes } = result.config;
  return { config: { ...result.config, notes: [...notes, ...notesOnSimilarNames(environment)] } };
}

/** @throws Unusable if the file cannot be read */
function readDotEnv(problems: string[]): Environment {
  if (!existsSync('.env')) return {};
  return parseDotEnv(readTextFile('.env', MAX_DOT_ENV_BYTES, 'Make it readable, or remove it.'), problems);
}

/** Reads and checks an environment. An empty variable counts as not set. */
export function readConfig(environment: Environment): ConfigResult {
  const problems: string[] = [];
  const read = readValues(environment, problems);
  const files = openFiles(environment, read, problems);
  const { tokenFile } = files;
  const path = read.PERSISTED_DOCUMENTS_FILE;
  const listed = (path && collect(problems, () => readDocumentList(path))) || new Map<string, string>();
  // The file may have changed since the variable was read, and later changes are found by comparing with what was opened.
  const values = tokenFile ? { ...read, LUAAUTH_TOKEN: tokenFile.value } : read;
  // Values are compared with each other only if each of them is right.
  if (problems.length === 0) problems.push(...findContradictions(values, files.keysFile));
  if (problems.length > 0) return { problems };
  const asksForKeys = keysFrom(values, files.keysFile !== undefined) !== undefined;
  return { config: { ...assemble(values, files, listed), notes: notesOn(values, asksForKeys) } };
}

function assemble(values: VariableValues, files: ReturnType<typeof openFiles>, listed: ListedDocuments) {
  const { LUAAUTH_TIMEOUT_MS: timeoutMs, LUAAUTH_RATE: rate, PERSISTED_DOCUMENTS: mode } = values;
  return {
    /** Undefined: the gateway uses the built-in sandbox. */
    apiUrl: values.LUAAUTH_API_URL,
    /** Whether the user has named the sandbox. */
    wantsSandbox: values.LUAAUTH_SANDBOX,
    credentials: { heldKey: values.LUAAUTH_TOKEN, gatewayKeys: values.GATEWAY_KEYS },
    ...files,
    jwt: readJwt(values),
    host: values.HOST,
    port: values.PORT,
    // If only listed documents run, GraphiQL cannot read the schema.
    graphiql: values.GRAPHIQL ?? (values.NODE_ENV !== 'production' && mode !== 'only'),
    dashboard: values.DASHBOARD ? { projects: values.DASHBOARD_PROJECTS ?? [] } : undefined,
    corsOrigins: values.CORS_ORIGINS ?? [],
    trustedProxy: values.TRUSTED_PROXY,
    maxBodyBytes: values.MAX_BODY_BYTES,
    readOnly: values.READ_ONLY,
    subgraphScopes: values.SUBGRAPH_SCOPES,
    persisted: { mode, listed },
    agents: values.MCP ? { isArbitrary: false } : undefined,
    gatewayKey: values.GATEWAY_KEY,
    /** In ms, like all times here. */
    timeouts: { read: timeoutMs, write: timeoutMs * WRITE_TIMEOUT_FACTOR },
    operationTimeoutMs: values.OPERATION_TIMEOUT_MS,
    rate,
    totalRate: values.LUAAUTH_TOTAL_RATE ?? rate * KEYS_AT_FULL_RATE,
    freshMs: values.FRESH_MS,
    /** By the `freshFor` of endpoints. */
    freshMsFor: values.CACHE_TTL ?? {},
    staleMs: values.STALE_MS,
    redis: readRedis(values),
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

const TOKEN = {
  readText: readSecretFile,
  parse: (text: string) => parseSecret(VARIABLES.LUAAUTH_TOKEN, text),
};
const KEYS = { readText: readKeysFile, parse: parseKeyEntries };

/** Files that are read again when they change. */
function openFiles(environment: Environment, values: VariableValues, problems: string[]) {
  const { LUAAUTH_TOKEN_FILE: tokenPath, GATEWAY_KEYS_FILE: keysPath = '' } = environment;
  const { LUAAUTH_TOKEN: heldKey, USERS_FILE: usersPath } = values;
  return {
    // Without a value, the file has a problem already.
    tokenFile: openReloadedFile('LUAAUTH_TOKEN_FILE', heldKey && tokenPath, TOKEN, problems),
    keysFile: openReloadedFile(
      'GATEWAY_KEYS_FILE',
      isKeysFile(keysPath) && !environment.GATEWAY_KEYS ? keysPath : undefined,
      KEYS,
      problems,
    ),
    usersFile: openReloadedFile('USERS_FILE', usersPath, USERS, problems),
  };
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
