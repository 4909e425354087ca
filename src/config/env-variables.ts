import { z } from 'zod';

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Variable {
  readonly type: z.ZodType;
  /** What it may be, in words that go on after "is not". */
  readonly allowed: string;
  /** What it does, as docs/configuration.md and `--help` say it. */
  readonly meaning: string;
  /** Its default, as it would be written; none: nothing, or something computed. */
  readonly byDefault?: string;
  /** On or off: as a flag it needs no value. */
  readonly isSwitch?: boolean;
  /** What was meant by a text that it may not be, if that can be told. */
  readonly meant?: (text: string) => string | undefined;
  /**
   * Never shown, and it can come from the file in NAME_FILE instead. In part: it may hold a password, and as a flag must
   * not.
   */
  readonly secret?: boolean | 'in part';
}

const PERSISTED_MODES = ['off', 'allowed', 'only'] as const;
const TRACES_EXPORTERS = ['otlp', 'none'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const limit = {
  type: wholeNumber(0, 100_000_000).transform((most) => most || Number.POSITIVE_INFINITY),
  allowed: 'a whole number from 0 to 100000000 (0: no limit)',
};
const onOff = z
  .enum(['true', 'false', '1', '0', 'on', 'off'])
  .transform((word) => ['true', '1', 'on'].includes(word));
const host = z.string().regex(/^[\w.:-]+$/);
const key = z.string().regex(/^[\x21-\x7e]{1,512}$/);
const keyList = z
  .string()
  .transform((list) => list.split(/[,\n]/).map((one) => one.trim()))
  .pipe(z.array(key).min(1));
const claim = z.string().regex(/^[\x20-\x7e]{1,500}$/);
const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text);
const origins = z
  .string()
  .transform((list) => list.split(',').map((one) => one.trim()))
  .pipe(z.union([z.tuple([z.literal('*')]), z.array(origin).min(1)]));
const redisUrl = z
  .string()
  .refine((text) => /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text) && new URL(text).hostname !== '');
const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text))
  .transform((text) => new URL(text))
  .refine(({ protocol }) => protocol === 'http:' || protocol === 'https:')
  .refine(({ username, password, search, hash }) => username + password + search + hash === '');
/** A URL without its scheme. */
const withScheme = (text: string): string | undefined => {
  const scheme = /^(?:localhost|127\.|\[)/.test(text) ? 'http' : 'https';
  const url = `${scheme}://${text}`;
  return !text.includes('://') && httpUrl.safeParse(url).success ? url : undefined;
};

/** Every variable of the gateway, in the order in which problems are reported. */
export const VARIABLES = {
  LUAAUTH_API_URL: {
    type: httpUrl,
    allowed: 'an http or https URL without user, query or fragment',
    meaning:
      'base URL of the REST API, https://api.luaauth.com, with its path if it has one; not set: the sandbox',
    meant: withScheme,
  },
  LUAAUTH_SANDBOX: {
    type: onOff,
    allowed: 'true or false',
    meaning: 'serves the sandbox, even when NODE_ENV is production',
    byDefault: 'false',
    isSwitch: true,
  },
  ALLOW_INSECURE_API: {
    type: onOff,
    allowed: 'true or false',
    meaning: 'accepts an http:// LUAAUTH_API_URL of another host, although API keys then travel in the clear',
    byDefault: 'false',
    isSwitch: true,
  },
  LUAAUTH_TOKEN: {
    type: key,
    allowed: '1 to 512 visible ASCII characters without spaces',
    meaning: "the gateway's own LuaAuth API key",
    secret: true,
  },
  GATEWAY_KEYS: {
    type: keyList,
    allowed: 'keys separated by commas or line breaks, each 1 to 512 visible ASCII characters without spaces',
    meaning:
      'keys that callers must send when LUAAUTH_TOKEN is set: key or name=key, separated by commas or line breaks; a .json file gives each its scopes',
    secret: true,
  },
  GATEWAY_JWKS_URL: {
    type: httpUrl,
    allowed: 'an http or https URL without user, query or fragment',
    meaning:
      'accepts JSON Web Tokens of callers, verified with the public keys (JWKS) at this URL; needs LUAAUTH_TOKEN',
  },
  GATEWAY_JWT_ISSUER: {
    type: claim,
    allowed: '1 to 500 visible ASCII characters',
    meaning: 'the issuer (iss) that a token must have; needs GATEWAY_JWKS_URL',
  },
  GATEWAY_JWT_AUDIENCE: {
    type: claim,
    allowed: '1 to 500 visible ASCII characters',
    meaning: 'the audience (aud) that a token must have; needs GATEWAY_JWKS_URL',
  },
  HOST: {
    type: host,
    allowed: 'a host name or an IP address to listen on',
    meaning: 'address to listen on',
    byDefault: '127.0.0.1',
  },
  PORT: {
    type: wholeNumber(0, 65_535),
    allowed: 'a whole number from 0 to 65535 (0: any free port)',
    meaning: 'port to listen on; 0 takes any free one',
    byDefault: '4000',
  },
  GRAPHIQL: {
    type: onOff,
    allowed: 'true or false',
    meaning:
      'serves the GraphiQL page to browsers; false by default when NODE_ENV is production or PERSISTED_DOCUMENTS is only',
    byDefault: 'true',
    isSwitch: true,
  },
  CORS_ORIGINS: {
    type: origins,
    allowed: 'origins such as https://app.example.com separated by commas, or * alone for every origin',
    meaning: 'origins whose web pages may use the gateway (CORS), separated by commas; * allows every origin',
  },
  COMPRESSION: {
    type: onOff,
    allowed: 'true or false',
    meaning: 'compresses answers to queries from 1 kB on (br, gzip) if the client accepts it',
    byDefault: 'true',
    isSwitch: true,
  },
  READ_ONLY: {
    type: onOff,
    allowed: 'true or false',
    meaning: 'removes the mutations from the schema',
    byDefault: 'false',
    isSwitch: true,
  },
  PERSISTED_DOCUMENTS: {
    type: z.enum(PERSISTED_MODES),
    allowed: `one of ${PERSISTED_MODES.join(', ')}`,
    meaning: 'documents by id (APQ, trusted documents): off, allowed, or only those in the list',
    byDefault: 'allowed',
  },
  PERSISTED_DOCUMENTS_FILE: {
    type: z.string(),
    allowed: 'the path of a file',
    meaning: 'the list of documents by id: the manifest of Apollo, graphql-codegen or Relay',
  },
  LUAAUTH_TIMEOUT_MS: {
    type: wholeNumber(1, 100_000),
    allowed: 'milliseconds, a whole number from 1 to 100000',
    meaning: 'how long a read may take, retries included; a write may take 2.5 times as long',
    byDefault: '10000',
  },
  OPERATION_TIMEOUT_MS: {
    type: wholeNumber(1, 600_000),
    allowed: 'milliseconds, a whole number from 1 to 600000',
    meaning: 'how long a whole operation may take',
    byDefault: '30000',
  },
  WRITE_TIMEOUT_MS: {
    type: wholeNumber(1, 600_000),
    allowed: 'milliseconds, a whole number from 1 to 600000',
    meaning: 'closes the connection of a client that reads nothing of its answer for this long',
    byDefault: '30000',
  },
  LUAAUTH_RATE: {
    type: wholeNumber(0, 100_000),
    allowed: 'requests per second, a whole number from 0 to 100000 (0: no limit)',
    meaning: 'rate limit: requests to LuaAuth in any second for one API key; 0: no limit',
    byDefault: '50',
  },
  LUAAUTH_TOTAL_RATE: {
    type: wholeNumber(0, 1_000_000),
    allowed: 'requests per second, a whole number from 0 to 1000000 (0: no limit)',
    meaning:
      'requests to LuaAuth in any second for all API keys together, 5 for a key that LuaAuth has not accepted yet; by default 4 times LUAAUTH_RATE; 0: no limit',
    byDefault: '200',
  },
  FRESH_MS: {
    type: wholeNumber(0, 3_600_000),
    allowed: 'milliseconds, a whole number from 0 to 3600000 (0: off)',
    meaning: 'TTL of a cached read; 0: no cache',
    byDefault: '1000',
  },
  STALE_MS: {
    type: wholeNumber(0, 3_600_000),
    allowed: 'milliseconds, a whole number from 0 to 3600000 (0: off)',
    meaning:
      'how long a cached read is served stale, while the quota is used up (stale-while-revalidate) or LuaAuth fails (stale-if-error); 0: never',
    byDefault: '60000',
  },
  LIVE_RATE: {
    type: wholeNumber(0, 1_000_000),
    allowed: 'requests per second, a whole number from 0 to 1000000 (0: no limit)',
    meaning:
      'requests to LuaAuth in any second that the subscriptions of an API key make together, of what its other calls leave; 0: no limit of their own',
    byDefault: '10',
  },
  LIVE_MAX_SESSIONS: {
    type: wholeNumber(1, 10_000),
    allowed: 'a whole number from 1 to 10000',
    meaning: 'sessions of a script that subscriptions follow; of more, the first ones',
    byDefault: '2000',
  },
  LIVE_MAX_STREAMS: {
    type: wholeNumber(1, 100_000),
    allowed: 'a whole number from 1 to 100000',
    meaning: 'subscriptions of an API key at a time, in each process',
    byDefault: '1000',
  },
  LIVE_MAX_SCRIPTS: {
    type: wholeNumber(1, 10_000),
    allowed: 'a whole number from 1 to 10000',
    meaning: 'scripts that the subscriptions of an API key follow at a time, in each process',
    byDefault: '100',
  },
  LIVE_MAX_LIFETIME_MS: {
    type: wholeNumber(1_000, 86_400_000),
    allowed: 'milliseconds, a whole number from 1000 to 86400000',
    meaning: 'how long a subscription lasts; then it completes, and the client goes on from its last cursor',
    byDefault: '3600000',
  },
  REDIS_URL: {
    type: redisUrl,
    allowed: 'a URL such as redis://host:6379 or rediss://user:password@host:6380/0',
    meaning: 'Redis or Valkey through which several gateways share the quota and the cache',
    secret: 'in part',
  },
  REDIS_PREFIX: {
    type: z.string().regex(/^[\w.:-]{1,64}$/),
    allowed: '1 to 64 letters, digits and - . _ :',
    meaning: 'prefix of every key in Redis; gateways with the same prefix share',
    byDefault: 'luaauth',
  },
  REDIS_REQUIRED: {
    type: onOff,
    allowed: 'true or false',
    meaning: 'exits when Redis cannot be reached at the start; false: starts without it',
    byDefault: 'true',
    isSwitch: true,
  },
  LUAAUTH_INSTANCES: {
    type: wholeNumber(1, 10_000),
    allowed: 'a whole number from 1 to 10000',
    meaning:
      'how many processes share the quota: used only by a process that has not reached Redis since its start',
  },
  WORKERS: {
    type: wholeNumber(1, 64),
    allowed: 'a whole number from 1 to 64',
    meaning: 'processes that serve requests; more than one needs REDIS_URL',
    byDefault: '1',
  },
  SHUTDOWN_DELAY_MS: {
    type: wholeNumber(0, 600_000),
    allowed: 'milliseconds, a whole number from 0 to 600000',
    meaning: 'how long /readiness answers 503 before the listener closes',
    byDefault: '100',
  },
  SHUTDOWN_GRACE_MS: {
    type: wholeNumber(0, 600_000),
    allowed: 'milliseconds, a whole number from 0 to 600000',
    meaning: 'how long requests in flight may then take to finish',
    byDefault: '30000',
  },
  MAX_BODY_BYTES: {
    ...limit,
    meaning: 'bytes in a request body; for every MAX_ variable, 0: no limit',
    byDefault: '4194304',
  },
  MAX_BODIES_BYTES: {
    ...limit,
    meaning: 'bytes in the bodies of all requests in flight',
    byDefault: '67108864',
  },
  MAX_DOCUMENT_LENGTH: { ...limit, meaning: 'characters in a document', byDefault: '20000' },
  MAX_TOKENS: { ...limit, meaning: 'tokens in a document', byDefault: '2000' },
  MAX_DEPTH: { ...limit, meaning: 'nesting of fields', byDefault: '10' },
  MAX_ALIASES: { ...limit, meaning: 'aliased or repeated fields', byDefault: '60' },
  MAX_DIRECTIVES: { ...limit, meaning: 'directives in a document', byDefault: '20' },
  MAX_QUERY_FIELDS: { ...limit, meaning: 'root fields of a query', byDefault: '50' },
  MAX_MUTATION_FIELDS: { ...limit, meaning: 'root fields of a mutation', byDefault: '25' },
  MAX_REST_CALLS: {
    ...limit,
    meaning: 'REST calls of an operation in the worst case',
    byDefault: '250',
  },
  MAX_ANSWER_OBJECTS: {
    ...limit,
    meaning: 'objects in an answer in the worst case',
    byDefault: '20000',
  },
  MAX_ANSWER_BYTES: { ...limit, meaning: 'bytes in an answer', byDefault: '16777216' },
  AUDIT_LOG_FILE: {
    type: z.string(),
    allowed: 'the path of a file',
    meaning: 'audit log: appends who, what and outcome of each mutation to this file, a line of JSON each',
  },
  METRICS_PORT: {
    type: wholeNumber(0, 65_535),
    allowed: 'a whole number from 0 to 65535 (0: any free port)',
    meaning: 'serves Prometheus metrics at /metrics on this port; 0 takes any free one',
  },
  METRICS_HOST: {
    type: host,
    allowed: 'a host name or an IP address to listen on',
    meaning: 'address to listen on for METRICS_PORT',
    byDefault: '127.0.0.1',
  },
  METRICS_KEY: {
    type: key,
    allowed: '1 to 512 visible ASCII characters without spaces',
    meaning: 'key that a scraper must send; without METRICS_PORT it opens /metrics on PORT',
    secret: true,
  },
  OTEL_TRACES_EXPORTER: {
    type: z.enum(TRACES_EXPORTERS),
    allowed: `one of ${TRACES_EXPORTERS.join(', ')}`,
    meaning: 'otlp sends traces, to http://localhost:4318 if no endpoint is set; none sends none',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    type: httpUrl,
    allowed: 'an http or https URL without user, query or fragment',
    meaning:
      'sends traces to this OpenTelemetry collector, such as http://localhost:4318, by OTLP over HTTP as JSON',
    meant: withScheme,
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    type: httpUrl,
    allowed: 'an http or https URL without user, query or fragment',
    meaning: 'the full URL for traces, instead',
    meant: withScheme,
  },
  LOG_LEVEL: {
    type: z.enum(LOG_LEVELS),
    allowed: `one of ${LOG_LEVELS.join(', ')}`,
    meaning: 'lowest level to log: trace, debug, info, warn, error, fatal or silent',
    byDefault: 'info',
  },
  NODE_ENV: {
    type: z.string(),
    allowed: 'any text',
    meaning:
      'production requires LUAAUTH_API_URL or LUAAUTH_SANDBOX, and turns GraphiQL off unless GRAPHIQL is set',
  },
} satisfies Record<string, Variable>;

/** The name of every variable that is read, NAME_FILE of the secrets included. */
export const VARIABLE_NAMES: readonly string[] = Object.entries<Variable>(VARIABLES).flatMap(
  ([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]),
);

export type Name = keyof typeof VARIABLES;

/** The variables that are set, as read. */
export type VariableValues = { readonly [N in Name]?: z.output<(typeof VARIABLES)[N]['type']> };
