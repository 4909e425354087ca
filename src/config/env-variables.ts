import { ENDPOINTS } from '../luaauth/endpoints.ts';
import {
  anyText,
  claim,
  duration,
  filePath,
  host,
  httpUrl,
  type Kind,
  key,
  keyList,
  limit,
  oneOf,
  onOff,
  origins,
  perSecond,
  redisPrefix,
  redisUrl,
  sizeLimit,
  wholeNumber,
} from './value-kinds.ts';

/** All that is said of a variable. Its flag, `--help`, docs/configuration.md, `.env.example` and its type come from here. */
export interface Variable extends Kind {
  /** The title that it stands below. */
  readonly group: string;
  /** Its effect, as docs/configuration.md, `.env.example` and `--help` say it. */
  readonly meaning: string;
  /** Its default as it would be written, or how that follows from the values of others; none: it is not set. */
  readonly byDefault?: string | ((others: never) => string);
  /** A value to show in `.env.example` where there is no default. */
  readonly example?: string;
  /**
   * Never shown, and it can come from the file in NAME_FILE instead. In part: it may hold a password, and as a flag must
   * not.
   */
  readonly secret?: boolean | 'in part';
}

type Rows = Readonly<Record<string, Omit<Variable, 'group'>>>;

function group<const R extends Rows>(title: string, rows: R) {
  const pairs = Object.entries(rows).map(([name, row]) => [name, { ...row, group: title }]);
  return Object.fromEntries(pairs) as { [N in keyof R]: R[N] & { readonly group: string } };
}

const PERSISTED_MODES = ['off', 'allowed', 'only'] as const;
const TRACES_EXPORTERS = ['otlp', 'none'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A switch that is off by default. */
const off = { ...onOff, byDefault: 'false' } as const;

/** A write may take longer than a read: cutting it short leaves its outcome unknown. */
export const WRITE_TIMEOUT_FACTOR = 2.5;
// LuaAuth may count by address as well (`upstream-api.md` does not say), and made-up keys come in any number.
const KEYS_AT_FULL_RATE = 4;
/** Where OpenTelemetry's exporters look for a collector. */
export const DEFAULT_COLLECTOR = 'http://localhost:4318';

/** The variable with the TTL of what an endpoint is `freshFor`: `CACHE_TTL_SESSIONS` of `sessions`. */
export function ttlVariable(freshFor: string): `CACHE_TTL_${string}` {
  return `CACHE_TTL_${freshFor.replaceAll(/(?<=[a-z])(?=[A-Z])|\W/g, '_').toUpperCase()}`;
}

function ttlOf(freshFor: string) {
  return {
    ...duration(0, 3_600_000, 'off'),
    meaning: `TTL of cached reads of ${freshFor}; by default FRESH_MS`,
    byDefault: ({ FRESH_MS }: { FRESH_MS: number }) => `${FRESH_MS}`,
  };
}

/** One for each time of freshness that an endpoint has. */
const CACHE_TTLS: Readonly<Record<`CACHE_TTL_${string}`, ReturnType<typeof ttlOf>>> = Object.fromEntries(
  ENDPOINTS.freshnesses.map((freshFor) => [ttlVariable(freshFor), ttlOf(freshFor)]),
);

/** Every variable of the gateway, in the order in which all that comes from here has them. */
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
        'accepts an http:// LUAAUTH_API_URL of another host, although API keys then travel in the clear',
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
        'keys that callers must send when LUAAUTH_TOKEN is set: key or name=key, separated by commas or line breaks; a .json file gives each its scopes',
      secret: true,
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
      ...wholeNumber(0, 65_535, 'any free port'),
      meaning: 'port to listen on; 0 takes any free one',
      byDefault: '4000',
    },
    GRAPHIQL: {
      ...onOff,
      meaning:
        'serves the GraphiQL page to browsers; false by default when NODE_ENV is production or PERSISTED_DOCUMENTS is only',
      // Where only listed documents run, GraphiQL cannot even read the schema.
      byDefault: ({ NODE_ENV, PERSISTED_DOCUMENTS }: { NODE_ENV?: string; PERSISTED_DOCUMENTS: string }) =>
        `${NODE_ENV !== 'production' && PERSISTED_DOCUMENTS !== 'only'}`,
    },
    DASHBOARD: { ...off, meaning: 'serves the dashboard, a page for people, at /dashboard' },
    CORS_ORIGINS: {
      ...origins,
      meaning:
        'origins whose web pages may use the gateway (CORS), separated by commas; * allows every origin',
    },
    COMPRESSION: {
      ...onOff,
      meaning: 'compresses answers to queries from 1 kB on (br, gzip) if the client accepts it',
      byDefault: 'true',
    },
    READ_ONLY: { ...off, meaning: 'removes the mutations from the schema' },
  }),
  ...group('Persisted documents', {
    PERSISTED_DOCUMENTS: {
      ...oneOf(PERSISTED_MODES),
      meaning: 'documents by id (APQ, trusted documents): off, allowed, or only those in the list',
      byDefault: 'allowed',
    },
    PERSISTED_DOCUMENTS_FILE: {
      ...filePath,
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
    MCP_ARBITRARY: {
      ...off,
      meaning: 'gives agents a tool for any query within the scopes of their key as well; needs MCP',
    },
    GATEWAY_KEY: { ...key, meaning: 'the gateway key with which luaauth-graphql mcp calls', secret: true },
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
    },
    WRITE_TIMEOUT_MS: {
      ...duration(1, 600_000),
      meaning: 'closes the connection of a client that reads nothing of its answer for this long',
      byDefault: '30000',
    },
  }),
  ...group('Rate limit and cache', {
    LUAAUTH_RATE: {
      ...perSecond(100_000),
      meaning: 'rate limit: requests to LuaAuth in any second for one API key; 0: no limit',
      byDefault: '50',
    },
    LUAAUTH_TOTAL_RATE: {
      ...perSecond(1_000_000),
      meaning: `requests to LuaAuth in any second for all API keys together, 5 for a key that LuaAuth has not accepted yet; by default ${KEYS_AT_FULL_RATE} times LUAAUTH_RATE; 0: no limit`,
      byDefault: ({ LUAAUTH_RATE }: { LUAAUTH_RATE: number }) => `${LUAAUTH_RATE * KEYS_AT_FULL_RATE}`,
    },
    FRESH_MS: {
      ...duration(0, 3_600_000, 'off'),
      meaning: 'TTL of a cached read; 0: no cache',
      byDefault: '1000',
    },
    STALE_MS: {
      ...duration(0, 3_600_000, 'off'),
      meaning:
        'how long a cached read is served stale, while the quota is used up (stale-while-revalidate) or LuaAuth fails (stale-if-error); 0: never',
      byDefault: '60000',
    },
    ...CACHE_TTLS,
  }),
  ...group('Subscriptions', {
    LIVE_RATE: {
      ...perSecond(1_000_000),
      meaning:
        'requests to LuaAuth in any second that the subscriptions of an API key make together, of what its other calls leave; 0: no limit of their own',
      byDefault: '10',
    },
    LIVE_MAX_SESSIONS: {
      ...wholeNumber(1, 10_000),
      meaning: 'sessions of a script that subscriptions follow; of more, the first ones',
      byDefault: '2000',
    },
    LIVE_MAX_STREAMS: {
      ...wholeNumber(1, 100_000),
      meaning: 'subscriptions of an API key at a time, in each process',
      byDefault: '1000',
    },
    LIVE_MAX_SCRIPTS: {
      ...wholeNumber(1, 10_000),
      meaning: 'scripts that the subscriptions of an API key follow at a time, in each process',
      byDefault: '100',
    },
    LIVE_MAX_LIFETIME_MS: {
      ...duration(1_000, 86_400_000),
      meaning:
        'how long a subscription lasts; then it completes, and the client goes on from its last cursor',
      byDefault: '3600000',
    },
  }),
  ...group('Several gateways', {
    REDIS_URL: {
      ...redisUrl,
      meaning: 'Redis or Valkey through which several gateways share the quota and the cache',
      secret: 'in part',
    },
    REDIS_PREFIX: {
      ...redisPrefix,
      meaning: 'prefix of every key in Redis; gateways with the same prefix share',
      byDefault: 'luaauth',
    },
    REDIS_REQUIRED: {
      ...onOff,
      meaning: 'exits when Redis cannot be reached at the start; false: starts without it',
      byDefault: 'true',
    },
    LUAAUTH_INSTANCES: {
      ...wholeNumber(1, 10_000),
      meaning:
        'how many processes share the quota: each has an equal share of it while Redis is lost. Left out, they count each other',
    },
    WORKERS: {
      ...wholeNumber(1, 64),
      meaning: 'processes that serve requests; more than one needs REDIS_URL',
      byDefault: '1',
    },
  }),
  ...group('Shutdown', {
    SHUTDOWN_DELAY_MS: {
      ...duration(0, 600_000),
      meaning: 'how long /readiness answers 503 before the listener closes',
      byDefault: '100',
    },
    SHUTDOWN_GRACE_MS: {
      ...duration(0, 600_000),
      meaning: 'how long requests in flight may then take to finish',
      byDefault: '30000',
    },
  }),
  ...group('Limits', {
    MAX_BODY_BYTES: {
      ...sizeLimit,
      meaning: 'bytes in a request body; for every MAX_ variable, 0: no limit',
      byDefault: '4194304',
    },
    MAX_BODIES_BYTES: {
      ...sizeLimit,
      meaning: 'bytes in the bodies of all requests in flight; a sixteenth of the heap of Node.js at most',
      byDefault: '67108864',
    },
    MAX_DOCUMENT_LENGTH: { ...limit, meaning: 'characters in a document', byDefault: '20000' },
    MAX_TOKENS: { ...limit, meaning: 'tokens in a document', byDefault: '2000' },
    MAX_DEPTH: { ...limit, meaning: 'nesting of fields', byDefault: '10' },
    MAX_ALIASES: { ...limit, meaning: 'aliased or repeated fields', byDefault: '60' },
    MAX_DIRECTIVES: { ...limit, meaning: 'directives in a document', byDefault: '20' },
    MAX_QUERY_FIELDS: { ...limit, meaning: 'root fields of a query', byDefault: '50' },
    MAX_MUTATION_FIELDS: { ...limit, meaning: 'root fields of a mutation', byDefault: '25' },
    MAX_REST_CALLS: { ...limit, meaning: 'REST calls of an operation in the worst case', byDefault: '250' },
    MAX_ANSWER_OBJECTS: { ...limit, meaning: 'objects in an answer in the worst case', byDefault: '20000' },
    MAX_ANSWER_BYTES: { ...sizeLimit, meaning: 'bytes in an answer', byDefault: '16777216' },
  }),
  ...group('Logs, metrics and traces', {
    LOG_LEVEL: {
      ...oneOf(LOG_LEVELS),
      meaning: 'lowest level to log: trace, debug, info, warn, error, fatal or silent',
      byDefault: 'info',
    },
    LOG_LEVEL_FORMAT: {
      ...oneOf(['word', 'number']),
      meaning: 'how a line has its level: word, such as info, or the number of pino, such as 30',
      byDefault: 'word',
    },
    LOG_TIME_FORMAT: {
      ...oneOf(['iso', 'epoch']),
      meaning:
        'how a line has its time: iso, such as 2027-01-01T00:00:00.000Z, or epoch, milliseconds since 1970',
      byDefault: 'iso',
    },
    AUDIT_LOG_FILE: {
      ...filePath,
      meaning: 'audit log: appends who, what and outcome of each mutation to this file, a line of JSON each',
    },
    METRICS_PORT: {
      ...wholeNumber(0, 65_535, 'any free port'),
      meaning: 'serves Prometheus metrics at /metrics on this port; 0 takes any free one',
    },
    METRICS_HOST: { ...host, meaning: 'address to listen on for METRICS_PORT', byDefault: '127.0.0.1' },
    METRICS_KEY: {
      ...key,
      meaning: 'key that a scraper must send; without METRICS_PORT it opens /metrics on PORT',
      secret: true,
    },
    OTEL_TRACES_EXPORTER: {
      ...oneOf(TRACES_EXPORTERS),
      meaning: `otlp sends traces, to ${DEFAULT_COLLECTOR} if no endpoint is set; none sends none`,
    },
    OTEL_EXPORTER_OTLP_ENDPOINT: {
      ...httpUrl,
      meaning: `sends traces to this OpenTelemetry collector, such as ${DEFAULT_COLLECTOR}, by OTLP over HTTP as JSON`,
    },
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { ...httpUrl, meaning: 'the full URL for traces, instead' },
  }),
};

/** The same, one after the other. */
export const ROWS = Object.entries<Variable>(VARIABLES);

/** The name of every variable that is read, NAME_FILE of the secrets included. */
export const VARIABLE_NAMES: readonly string[] = ROWS.flatMap(([name, { secret }]) =>
  secret ? [name, `${name}_FILE`] : [name],
);

/** The variables below each title. */
export const VARIABLE_GROUPS = [...new Set(ROWS.map(([, row]) => row.group))].map((title) => ({
  title,
  variables: ROWS.filter(([, row]) => row.group === title),
}));

export type Name = keyof typeof VARIABLES;

type Read<Row extends Variable> =
  | NonNullable<ReturnType<Row['read']>>
  | (Row extends { readonly byDefault: unknown } ? never : undefined);

/** Every variable as read; undefined where it is not set and has no default. */
export type VariableValues = { readonly [N in Name]: Read<(typeof VARIABLES)[N]> } & {
  // Their names come from the endpoints.
  readonly [N in `CACHE_TTL_${string}`]: number;
};

/** The rows whose default reads a variable that there is not, or takes it for something else. */
type Unsound = {
  [N in Name]: (typeof VARIABLES)[N] extends { readonly byDefault: (others: infer Others) => string }
    ? VariableValues extends Others
      ? never
      : N
    : never;
}[Name];

// The compiler names the first of them.
true satisfies [Unsound] extends [never] ? true : Unsound;
