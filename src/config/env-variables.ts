import { ENDPOINTS } from '../luaauth/endpoints.ts';
import {
  anyText,
  claim,
  count,
  duration,
  durations,
  filePath,
  headerName,
  host,
  httpUrl,
  idList,
  key,
  keyList,
  limit,
  onOff,
  origins,
  perSecond,
  redisPrefix,
  redisUrl,
  sizeLimit,
  type TextKind,
  word,
} from './text-kinds.ts';

/**
 * A variable. Its flag, `--help`, docs/configuration.md, `.env.example` and its type are made from this row. A `secret` can
 * stand in the file NAME_FILE instead, and has no flag of its own.
 */
export interface Variable extends TextKind {
  readonly group: string;
  /** Its effect, for docs/configuration.md, `.env.example` and `--help`. */
  readonly meaning: string;
  /** Its default as a text. Undefined: not set by default. */
  readonly byDefault?: string;
  /** A value for `.env.example` if there is no default. */
  readonly example?: string;
  /** Says in a sentence or two that a value is hardly meant, although it is allowed. Undefined for other values. */
  readonly unusual?: (value: never) => string | undefined;
}

function group<const R extends Readonly<Record<string, Omit<Variable, 'group'>>>>(title: string, rows: R) {
  const pairs = Object.entries(rows).map(([name, row]) => [name, { ...row, group: title }]);
  return Object.fromEntries(pairs) as { [N in keyof R]: R[N] & { readonly group: string } };
}

const off = { ...onOff, byDefault: 'false' };

/** A write may take longer than a read: cutting it short leaves its outcome unknown. */
export const WRITE_TIMEOUT_FACTOR = 2.5;

/**
 * LUAAUTH_TOTAL_RATE by default, in multiples of LUAAUTH_RATE. LuaAuth may count by address too
 * (`docs/luaauth-api.md#in-general` does not say), and clients can make up any number of keys.
 */
export const KEYS_AT_FULL_RATE = 4;

/** LuaAuth's documented limit, in calls per second for an API key. */
const DOCUMENTED_RATE = 50;

const belowASecond = (ms: number) =>
  ms < 1_000
    ? `${ms} ms may be less than an answer of LuaAuth takes.${ms > 0 ? ` Did you mean ${ms}s?` : ''}`
    : undefined;

/** How many processes may share an API key at a time. */
export const MOST_INSTANCES = 10;

/** Every variable of the gateway. */
export const VARIABLES = {
  ...group('LuaAuth API', {
    LUAAUTH_API_URL: {
      ...httpUrl,
      meaning:
        'base URL of the REST API, https://api.luaauth.com, with its path if it has one; not set: the sandbox',
      example: 'https://api.luaauth.com',
    },
    LUAAUTH_SANDBOX: { ...off, meaning: 'serves the sandbox, even when NODE_ENV is production' },
    ALLOW_INSECURE_API: {
      ...off,
      meaning:
        'accepts an http:// LUAAUTH_API_URL of another host, although API keys then travel unencrypted',
    },
    NODE_ENV: {
      ...anyText,
      meaning:
        'production requires LUAAUTH_API_URL or LUAAUTH_SANDBOX, and turns GraphiQL off unless GRAPHIQL is set',
    },
  }),
  ...group('Credentials', {
    LUAAUTH_TOKEN: { ...key, meaning: "the gateway's own LuaAuth API key", secret: true },
    GATEWAY_KEYS: {
      ...keyList,
      meaning:
        'keys that callers must send when LUAAUTH_TOKEN is set: key or name=key, separated by commas or line breaks. In a file # starts a comment; a .json file lists scopes for each key',
      secret: true,
    },
    USERS_FILE: {
      ...filePath,
      meaning:
        'a table for usersByDiscordId: CSV with the columns discord_id and user_key; needs LUAAUTH_TOKEN',
    },
    GATEWAY_JWKS_URL: {
      ...httpUrl,
      meaning:
        'accepts JSON Web Tokens of callers, verified with the public keys (JWKS) at this URL; needs LUAAUTH_TOKEN',
    },
    GATEWAY_JWT_ISSUER: {
      ...claim,
      meaning: 'the issuer (iss) that a token must have; needs GATEWAY_JWKS_URL',
    },
    GATEWAY_JWT_AUDIENCE: {
      ...claim,
      meaning: 'the audience (aud) that a token must have; needs GATEWAY_JWKS_URL',
    },
  }),
  ...group('HTTP', {
    HOST: { ...host, meaning: 'address to listen on', byDefault: '127.0.0.1' },
    PORT: {
      ...count(0, 65_535, 'any free port'),
      meaning: 'port to listen on; 0 takes any free port',
      byDefault: '4000',
    },
    GRAPHIQL: {
      ...onOff,
      meaning:
        'serves the GraphiQL page to browsers; not set: unless NODE_ENV is production or PERSISTED_DOCUMENTS is only',
    },
    DASHBOARD: { ...off, meaning: 'serves the dashboard, a web page, at /dashboard' },
    DASHBOARD_PROJECTS: {
      ...idList(20),
      meaning:
        'ids of projects that the dashboard lists first, because LuaAuth has no list of projects; visitors see these ids before they sign in',
    },
    CORS_ORIGINS: {
      ...origins,
      meaning:
        'origins whose web pages may use the gateway (CORS), separated by commas; * allows every origin',
    },
    TRUSTED_PROXY: {
      ...headerName,
      meaning:
        'the header in which a proxy in front names its client, such as x-forwarded-for; its last address counts. Clients whose keys LuaAuth has not accepted yet take turns by this address, else by the address of the connection',
    },
    READ_ONLY: { ...off, meaning: 'removes the mutations from the schema' },
    SUBGRAPH_SCOPES: {
      ...off,
      meaning:
        'puts @authenticated and @requiresScopes into the SDL for federation routers, by the scopes of gateway keys',
    },
  }),
  ...group('Persisted documents', {
    PERSISTED_DOCUMENTS: {
      ...word(['off', 'allowed', 'only']),
      meaning: 'documents by id (APQ, trusted documents): off, allowed, or only (runs listed documents only)',
      byDefault: 'allowed',
    },
    PERSISTED_DOCUMENTS_FILE: {
      ...filePath,
      allowed: 'the path of a file or a folder',
      meaning:
        'the list of documents by id: the manifest of Apollo, graphql-codegen or Relay, or a folder of .graphql files',
    },
  }),
  ...group('Agents', {
    MCP: {
      ...off,
      meaning:
        'serves the documents of PERSISTED_DOCUMENTS_FILE as tools for agents at /mcp; needs GATEWAY_KEYS and the package @modelcontextprotocol/server',
    },
    GATEWAY_KEY: { ...key, meaning: 'the gateway key that luaauth-graphql mcp presents', secret: true },
  }),
  ...group('Timeouts', {
    LUAAUTH_TIMEOUT_MS: {
      ...duration(1, 100_000),
      meaning: `how long a read may take, retries included; a write may take ${WRITE_TIMEOUT_FACTOR} times as long`,
      byDefault: '10000',
    },
    OPERATION_TIMEOUT_MS: {
      ...duration(1, 600_000),
      meaning: 'how long a whole operation may take',
      byDefault: '30000',
      unusual: belowASecond,
    },
  }),
  ...group('Rate limit and cache', {
    LUAAUTH_RATE: {
      ...perSecond(100_000),
      meaning: 'rate limit: requests per second to LuaAuth for one API key; 0: no limit',
      byDefault: '50',
      unusual: (rate: number) =>
        rate === 0 || rate > DOCUMENTED_RATE
          ? `${rate === 0 ? '0 means no limit, which' : rate} is more than the ${DOCUMENTED_RATE} calls per second that LuaAuth documents for a key. LuaAuth refuses the calls above its limit. Leave LUAAUTH_RATE out.`
          : undefined,
    },
    LUAAUTH_TOTAL_RATE: {
      ...perSecond(1_000_000),
      meaning: `requests per second to LuaAuth for all API keys together; 0: no limit; not set: ${KEYS_AT_FULL_RATE} times LUAAUTH_RATE. All keys that LuaAuth has not accepted yet have a quarter of it together`,
    },
    FRESH_MS: {
      ...duration(0, 3_600_000, 'off'),
      meaning: 'TTL of a cached read; 0: no cache',
      byDefault: '1000',
    },
    STALE_MS: {
      ...duration(0, 3_600_000, 'off'),
      meaning:
        'how long a cached read may be served stale while the quota is used up (stale-while-revalidate) or LuaAuth fails (stale-if-error); 0: never',
      byDefault: '60000',
    },
    CACHE_TTL: {
      ...durations(ENDPOINTS.freshnesses),
      meaning:
        'TTL of cached reads of one kind of data, such as executions=1m,ads=10m; FRESH_MS for the others',
    },
  }),
  ...group('Subscriptions', {
    LIVE_RATE: {
      ...perSecond(1_000_000),
      meaning:
        'requests per second to LuaAuth for all subscriptions of an API key, out of the quota that other calls leave; 0: no separate limit',
      byDefault: '10',
    },
  }),
  ...group('Several gateways', {
    REDIS_URL: {
      ...redisUrl,
      meaning: 'Redis or Valkey through which several gateways share the quota and the cache',
      secret: true,
    },
    REDIS_PREFIX: {
      ...redisPrefix,
      meaning: 'prefix of every key in Redis; gateways with the same prefix share',
      byDefault: 'luaauth',
    },
    LUAAUTH_INSTANCES: {
      ...count(1, MOST_INSTANCES),
      meaning: `how many processes may share an API key at a time, with the extra ones of a rolling restart: each has that part of the quota while Redis is lost. Not set: ${MOST_INSTANCES}`,
    },
  }),
  ...group('Shutdown', {
    SHUTDOWN_GRACE_MS: {
      ...duration(0, 600_000),
      meaning: 'how long requests in flight may take to finish after SIGTERM',
      byDefault: '30000',
      unusual: belowASecond,
    },
  }),
  ...group('Limits', {
    MAX_BODY_BYTES: {
      ...sizeLimit,
      meaning: 'bytes in a request body; for every MAX_ variable, 0: no limit',
      byDefault: '4194304',
    },
    MAX_DEPTH: { ...limit, meaning: 'nesting of fields', byDefault: '10' },
    MAX_REST_CALLS: { ...limit, meaning: 'REST calls of an operation in the worst case', byDefault: '250' },
    MAX_ANSWER_OBJECTS: { ...limit, meaning: 'objects in an answer in the worst case', byDefault: '20000' },
    MAX_ANSWER_BYTES: {
      ...sizeLimit,
      meaning:
        'bytes in an answer; the REST calls of an operation may receive 4 times as many. Without a REST call and an accepted key: 1 MB at most',
      byDefault: '16777216',
    },
  }),
  ...group('Logs, metrics and traces', {
    LOG_LEVEL: {
      ...word(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
      meaning:
        'lowest level to log: trace, debug, info, warn, error, fatal or silent; the gateway logs nothing below info',
      byDefault: 'info',
    },
    AUDIT_LOG_FILE: {
      ...filePath,
      meaning: 'audit log: appends caller, mutation and outcome of each write to this file, as lines of JSON',
    },
    METRICS_PORT: {
      ...count(0, 65_535, 'any free port'),
      meaning: 'serves Prometheus metrics at /metrics on this port; 0 takes any free port',
    },
    METRICS_HOST: { ...host, meaning: 'address to listen on for METRICS_PORT', byDefault: '127.0.0.1' },
    METRICS_KEY: {
      ...key,
      meaning: 'key that a scraper must send; without METRICS_PORT it opens /metrics on PORT',
      secret: true,
    },
    METRICS_SCRIPTS: {
      ...idList(20),
      meaning:
        'scripts whose connected users are counted once a minute, as metrics and as Script.onlineHistory, with the key of LUAAUTH_TOKEN and only spare quota',
    },
    OTEL_EXPORTER_OTLP_ENDPOINT: {
      ...httpUrl,
      meaning:
        'sends traces to this OpenTelemetry collector, such as http://localhost:4318, by OTLP over HTTP as JSON',
    },
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
      ...httpUrl,
      meaning: 'the full URL for traces; replaces OTEL_EXPORTER_OTLP_ENDPOINT',
    },
  }),
};

export const ROWS = Object.entries<Variable>(VARIABLES);

/** The names of all variables, including NAME_FILE of secrets. */
export const VARIABLE_NAMES: readonly string[] = ROWS.flatMap(([name, { secret }]) =>
  secret ? [name, `${name}_FILE`] : [name],
);

type Name = keyof typeof VARIABLES;

const OFTEN_SET: readonly Name[] = [
  'LUAAUTH_API_URL',
  'LUAAUTH_TOKEN',
  'GATEWAY_KEYS',
  'HOST',
  'PORT',
  'CORS_ORIGINS',
  'READ_ONLY',
  'DASHBOARD',
  'REDIS_URL',
  'METRICS_PORT',
  'AUDIT_LOG_FILE',
  'LOG_LEVEL',
];

const rare = ROWS.filter(([name]) => !OFTEN_SET.some((known) => known === name));

/** The order of docs, help and `.env.example`: first what many people set, then the rest by group. */
export const VARIABLE_GROUPS = [
  {
    title: 'Often set',
    variables: OFTEN_SET.map((name): readonly [string, Variable] => [name, VARIABLES[name]]),
  },
  ...[...new Set(rare.map(([, { group }]) => group))].map((group) => ({
    title: `Rarely needed: ${group}`,
    variables: rare.filter(([, row]) => row.group === group),
  })),
];

type Read<Row extends Variable> =
  | NonNullable<ReturnType<Row['parse']>>
  | (Row extends { readonly byDefault: unknown } ? never : undefined);

/** The values of all variables. Undefined if a variable is not set and has no default. */
export type VariableValues = { readonly [N in Name]: Read<(typeof VARIABLES)[N]> };
