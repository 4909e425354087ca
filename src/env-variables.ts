import { z } from 'zod';

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Variable {
  readonly type: z.ZodType;
  /** What it may be, in words that go on after "is not". */
  readonly allowed: string;
  /** Never shown, and it can come from the file in NAME_FILE instead. */
  readonly secret?: boolean;
}

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

/** Every variable of the gateway, in the order in which problems are reported. */
export const VARIABLES = {
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

/** The name of every variable that is read, NAME_FILE of the secrets included. */
export const VARIABLE_NAMES: readonly string[] = Object.entries<Variable>(VARIABLES).flatMap(
  ([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]),
);

export type Name = keyof typeof VARIABLES;

/** The variables that are set, as read. */
export type Values = { readonly [N in Name]?: z.output<(typeof VARIABLES)[N]['type']> };
