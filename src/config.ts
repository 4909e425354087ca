import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { Credentials } from './context.ts';
import { DEFAULT_MAX_BODY_BYTES } from './http/read-body.ts';
import { defaultLimits, type Limits } from './limits/limits.ts';
import type { Timeouts } from './luaauth/api.ts';

export interface Config {
  /** Base URL of the REST API; undefined: the built-in sandbox. */
  readonly apiUrl: URL | undefined;
  readonly credentials: Credentials;
  readonly host: string;
  readonly port: number;
  readonly graphiql: boolean;
  /** The origins whose pages may read answers; `*` stands for every origin. */
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly readOnly: boolean;
  readonly timeouts: Timeouts;
  /** How long an operation may take as a whole, in ms. */
  readonly operationTimeoutMs: number;
  /** Request starts in any second for one API key; 0: no limit. */
  readonly rate: number;
  /** How long a copy of a read is as good as a call, and how long it is better than waiting, in ms. */
  readonly freshMs: number;
  readonly staleMs: number;
  readonly limits: Limits;
  readonly shutdown: Shutdown;
  readonly logLevel: LogLevel;
}

/** What happens when the process is told to stop. */
export interface Shutdown {
  /** How long `/readiness` says 503 before the listener closes, so that a load balancer can look away first. */
  readonly delayMs: number;
  /** How long calls that are under way may then take to finish. */
  readonly graceMs: number;
}

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an environment says, or every problem with it, each a line that names the variable and what is allowed. */
export type ConfigResult = { readonly config: Config } | { readonly problems: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

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
const key = z.string().regex(/^[\x21-\x7e]{1,512}$/);
const keyList = z
  .string()
  .transform((list) => list.split(/[,\n]/).map((one) => one.trim()))
  .pipe(z.array(key).min(1));
const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text);
const origins = z
  .string()
  .transform((list) => list.split(',').map((one) => one.trim()))
  .pipe(z.union([z.tuple([z.literal('*')]), z.array(origin).min(1)]));
const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text))
  .transform((text) => new URL(text))
  .refine(({ protocol }) => protocol === 'http:' || protocol === 'https:')
  .refine(({ username, password, search, hash }) => username + password + search + hash === '');

/** Every variable: how it is read, and in words what it may be. A secret can also come from the file in NAME_FILE. */
const VARIABLES = {
  LUAAUTH_API_URL: { type: httpUrl, allowed: 'an http or https URL without user, query or fragment' },
  LUAAUTH_TOKEN: { type: key, allowed: '1 to 512 visible ASCII characters without spaces', secret: true },
  GATEWAY_KEYS: {
    type: keyList,
    allowed: 'keys separated by commas or line breaks, each 1 to 512 visible ASCII characters without spaces',
    secret: true,
  },
  HOST: { type: z.string().regex(/^[\w.:-]+$/), allowed: 'a host name or an IP address to listen on' },
  PORT: { type: wholeNumber(0, 65_535), allowed: 'a whole number from 0 to 65535 (0: any free port)' },
  GRAPHIQL: { type: onOff, allowed: 'true or false' },
  CORS_ORIGINS: {
    type: origins,
    allowed: 'origins such as https://app.example.com separated by commas, or * alone for every origin',
  },
  READ_ONLY: { type: onOff, allowed: 'true or false' },
  LUAAUTH_TIMEOUT_MS: {
    type: wholeNumber(1, 100_000),
    allowed: 'milliseconds, a whole number from 1 to 100000',
  },
  OPERATION_TIMEOUT_MS: {
    type: wholeNumber(1, 600_000),
    allowed: 'milliseconds, a whole number from 1 to 600000',
  },
  LUAAUTH_RATE: {
    type: wholeNumber(0, 100_000),
    allowed: 'requests per second, a whole number from 0 to 100000 (0: no limit)',
  },
  FRESH_MS: {
    type: wholeNumber(0, 3_600_000),
    allowed: 'milliseconds, a whole number from 0 to 3600000 (0: off)',
  },
  STALE_MS: {
    type: wholeNumber(0, 3_600_000),
    allowed: 'milliseconds, a whole number from 0 to 3600000 (0: off)',
  },
  SHUTDOWN_DELAY_MS: {
    type: wholeNumber(0, 600_000),
    allowed: 'milliseconds, a whole number from 0 to 600000',
  },
  SHUTDOWN_GRACE_MS: {
    type: wholeNumber(0, 600_000),
    allowed: 'milliseconds, a whole number from 0 to 600000',
  },
  MAX_BODY_BYTES: limit,
  MAX_DOCUMENT_LENGTH: limit,
  MAX_TOKENS: limit,
  MAX_DEPTH: limit,
  MAX_ALIASES: limit,
  MAX_DIRECTIVES: limit,
  MAX_QUERY_FIELDS: limit,
  MAX_MUTATION_FIELDS: limit,
  MAX_REST_CALLS: limit,
  LOG_LEVEL: { type: z.enum(LOG_LEVELS), allowed: `one of ${LOG_LEVELS.join(', ')}` },
  NODE_ENV: { type: z.string(), allowed: 'any text' },
} satisfies Record<string, Variable>;

type Name = keyof typeof VARIABLES;
interface Variable {
  readonly type: z.ZodType;
  readonly allowed: string;
  readonly secret?: boolean;
}

/** The name of every variable that is read, NAME_FILE of the secrets included. */
export const VARIABLE_NAMES: readonly string[] = Object.entries<Variable>(VARIABLES).flatMap(
  ([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]),
);

type Values = { [N in Name]?: z.output<(typeof VARIABLES)[N]['type']> };

// A write may take longer than a read: cutting it short leaves its outcome unknown.
const WRITE_TIMEOUT_FACTOR = 2.5;

/** The only reader of the process's environment: `.env` in the working directory, overruled by what is set outside it. */
export function loadConfig(): ConfigResult {
  let dotEnv: Environment;
  try {
    dotEnv = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problems: [`.env: the file cannot be read (${code}). Make it readable, or remove it.`] };
  }
  return readConfig({ ...dotEnv, ...process.env });
}

/** Reads and checks all of an environment. An empty variable counts as not set. */
export function readConfig(environment: Environment): ConfigResult {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { type, allowed, secret }] of Object.entries<Variable>(VARIABLES)) {
    const text = secret ? readSecret(environment, name, problems) : environment[name];
    if (text === undefined || text === '') continue;
    const result = type.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${secret ? 'the given value (not shown)' : show(text)} is not ${allowed}.`);
  }
  const config = assemble(values as Values, problems);
  return problems.length > 0 ? { problems } : { config };
}

function assemble(values: Values, problems: string[]): Config {
  const { HOST: host = '127.0.0.1', LUAAUTH_TIMEOUT_MS: timeoutMs = 10_000 } = values;
  const { LUAAUTH_TOKEN: heldKey, GATEWAY_KEYS: gatewayKeys } = values;
  // A variable with a problem of its own is not also missing.
  const isMissing = (name: Name) => values[name] === undefined && !problems.some((p) => p.startsWith(name));
  if (heldKey !== undefined && isMissing('GATEWAY_KEYS') && !isLoopback(host)) {
    problems.push(
      `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST ${JSON.stringify(host)} can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    );
  }
  if (gatewayKeys !== undefined && isMissing('LUAAUTH_TOKEN')) {
    problems.push(
      'GATEWAY_KEYS: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_KEYS out.',
    );
  }
  if (heldKey !== undefined && gatewayKeys === undefined && values.CORS_ORIGINS?.[0] === '*') {
    problems.push(
      'CORS_ORIGINS: *, but LUAAUTH_TOKEN is set without GATEWAY_KEYS: any page in a browser near the gateway could use your key. List the origins, or set GATEWAY_KEYS.',
    );
  }
  return {
    apiUrl: values.LUAAUTH_API_URL,
    credentials: { heldKey, gatewayKeys },
    host,
    port: values.PORT ?? 4000,
    graphiql: values.GRAPHIQL ?? values.NODE_ENV !== 'production',
    corsOrigins: values.CORS_ORIGINS ?? [],
    maxBodyBytes: values.MAX_BODY_BYTES ?? DEFAULT_MAX_BODY_BYTES,
    readOnly: values.READ_ONLY ?? false,
    timeouts: { read: timeoutMs, write: timeoutMs * WRITE_TIMEOUT_FACTOR },
    operationTimeoutMs: values.OPERATION_TIMEOUT_MS ?? 30_000,
    rate: values.LUAAUTH_RATE ?? 50,
    freshMs: values.FRESH_MS ?? 1_000,
    staleMs: values.STALE_MS ?? 60_000,
    // The grace is longer than any write by default.
    shutdown: {
      delayMs: values.SHUTDOWN_DELAY_MS ?? 100,
      graceMs: values.SHUTDOWN_GRACE_MS ?? 30_000,
    },
    limits: readLimits(values),
    logLevel: values.LOG_LEVEL ?? 'info',
  };
}

function readLimits(values: Values): Limits {
  return {
    documentLength: values.MAX_DOCUMENT_LENGTH ?? defaultLimits.documentLength,
    tokens: values.MAX_TOKENS ?? defaultLimits.tokens,
    depth: values.MAX_DEPTH ?? defaultLimits.depth,
    aliases: values.MAX_ALIASES ?? defaultLimits.aliases,
    directives: values.MAX_DIRECTIVES ?? defaultLimits.directives,
    queryFields: values.MAX_QUERY_FIELDS ?? defaultLimits.queryFields,
    mutationFields: values.MAX_MUTATION_FIELDS ?? defaultLimits.mutationFields,
    restCalls: values.MAX_REST_CALLS ?? defaultLimits.restCalls,
  };
}

function readSecret(environment: Environment, name: string, problems: string[]): string | undefined {
  const file = environment[`${name}_FILE`];
  if (!file) return environment[name];
  if (environment[name]) {
    problems.push(`${name}_FILE: ${name} is set as well. Set one of the two.`);
    return undefined;
  }
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') problems.push(`${name}_FILE: ${JSON.stringify(file)} is empty. Put the secret in it.`);
    return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push(
      `${name}_FILE: ${JSON.stringify(file)} cannot be read (${code}). Give the path of a readable file.`,
    );
    return undefined;
  }
}

/** A value as given; what a URL may hold of a secret is hidden. */
function show(text: string): string {
  return JSON.stringify(text.replace(/(?<=\/\/)[^/]*(?=@)|(?<=[?#]).+/gs, '...'));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
