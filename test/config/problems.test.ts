import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES, VARIABLES } from '../../src/config/env-variables.ts';
import type { Environment } from '../../src/config/environment.ts';
import { parseDotEnv } from '../../src/config/text-file.ts';
import { findUnknownNames, notesOnSimilarNames } from '../../src/config/variable-names.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { configOf, problemsIn } from '../support/gateways/configured.ts';

const SECRET = 'sentinel-5f0c';
const HELD = 'held-Wm4cB8vX1aNs';
const [ONE, TWO] = ['one-Vd8sK2mQ41xZ', 'two-n7Yw3RtC90pL'];

const KEY_ADVICE =
  'A key has 16 to 512 letters, digits or any of _ . ~ + / = -, and is hard to guess. Make one with "luaauth-graphql keys new --name NAME --scopes \'*\'".';

it('every problem is told at once, in one line: the variable, what was given, what is allowed', () => {
  const checked = VARIABLE_NAMES.filter((name) => name !== 'NODE_ENV' && !name.endsWith('_FILE'));
  const lines = problemsIn(Object.fromEntries(checked.map((name) => [name, `\u0007 ${SECRET} \u0007`])));
  expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual(checked);
  for (const line of lines) {
    const [, name, shown = ''] =
      /^(\w+): (the given value \(not shown\)|key 1 of 1 \(not shown\)|".+":) (?:must be|has) \S.*\.$/.exec(
        line,
      ) ?? [];
    const isSecret = 'secret' in VARIABLES[name as keyof typeof VARIABLES];
    expect([line, shown.endsWith('(not shown)')]).toEqual([line, isSecret]);
    expect([line, line.includes(SECRET)]).toEqual([line, !isSecret]);
  }
});

const NOT_SHOWN = 'the given value (not shown)';
const URL_FORM = 'must be a URL that begins with http:// or https://, without user, query or fragment.';
const PORT_FORM = 'must be a whole number from 0 to 65535 (0: any free port).';
const ORIGINS =
  'must be origins such as https://app.example.com, without a path or a slash at the end, separated by commas; or * alone for every origin.';
const TTL = `must be a list such as executions=1m,ads=10m, of ${ENDPOINTS.freshnesses.join(', ')}, each with at most 1h (0: off).`;
const ms = (from: number, to: string) =>
  `must be milliseconds, a whole number from ${from} to ${to}, or with a unit such as 2s or 500ms.`;
const KEY =
  'must be 1 to 512 visible ASCII characters without spaces, and not a path. A variable whose name ends in _FILE takes the path of a file that holds the key.';
const UP_TO_20_IDS =
  'must be up to 20 ids separated by commas, each 1 to 128 letters, digits or any of _ - . ~ :, and not dots alone.';
const PROXY_FORM =
  'must be the name of the header in which the proxy names its client, such as x-forwarded-for, x-real-ip or cf-connecting-ip, not an address or a number of proxies.';
const REDIS_FORM =
  'must be a percent-encoded URL such as redis://host:6379 or rediss://user:password@host:6380/0.';

it.each<[name: string, problem: string, ...texts: string[]]>([
  ['LUAAUTH_API_URL', URL_FORM, 'api.luaauth.com', 'localhost:4001/base', 'ftp://a.b'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', URL_FORM, '127.0.0.1:4318'],
  ['CORS_ORIGINS', ORIGINS, 'https://a.example/, http://b.example:81/page', 'a.example'],
  ['HOST', 'must be a host name or an IP address to listen on.', 'http://x', '999.1.1.1'],
  [
    'TRUSTED_PROXY',
    PROXY_FORM,
    '1',
    'true',
    'loopback',
    '127.0.0.1',
    '10.0.0.0/8',
    '::1',
    'x-forwarded-for,',
  ],
  ['PORT', PORT_FORM, '65536', '-1', '80.5'],
  ['GRAPHIQL', 'must be true or false.', 'yes', 'TRUE'],
  ['LUAAUTH_TIMEOUT_MS', ms(1, '100000'), '0', '2m'],
  ['FRESH_MS', ms(0, '3600000 (0: off)'), '1.5s'],
  [
    'MAX_BODY_BYTES',
    'must be bytes, a whole number from 0 to 100000000, or with a unit such as 4MB or 64kB (0: no limit).',
    '1GB',
  ],
  ['MAX_DEPTH', 'must be a whole number from 0 to 100000000 (0: no limit).', '2kB'],
  ['CACHE_TTL', TTL, 'ads', 'ads=', 'ads=2h', 'adds=1m', 'ads=1m=2', 'ads=1m,', 'ads=1m;users=1m'],
  ['METRICS_SCRIPTS', UP_TO_20_IDS, 'a,b c', 'a,', Array.from({ length: 21 }, (_, id) => id).join(',')],
  ['PERSISTED_DOCUMENTS', 'must be one of off, allowed, only.', 'some'],
  ['LOG_LEVEL', 'must be one of trace, debug, info, warn, error, fatal, silent.', 'verbose'],
  ['LUAAUTH_TOKEN', KEY, `Bearer ${SECRET}`],
  ['LUAAUTH_TOKEN', KEY, '/run/secrets/token', './key', '~/keys/luaauth', '../secrets/luaauth.key'],
  ['REDIS_URL', REDIS_FORM, 'localhost:6379', `http://me:${SECRET}@cache`, `redis://:%zz${SECRET}@cache`],
  ['REDIS_URL', REDIS_FORM, 'redis://', 'redis://cache/a', 'redis://cache/-1', 'redis://cache/1/2'],
])('%s %s', (name, problem, ...texts) => {
  for (const text of texts) {
    const shown = 'secret' in VARIABLES[name as keyof typeof VARIABLES] ? NOT_SHOWN : `"${text}":`;
    expect(problemsIn({ [name]: text })).toEqual([`${name}: ${shown} ${problem}`]);
  }
});

it.each([
  [`me:${SECRET}@a.b`, '...@a.b'],
  [`a.b?key=${SECRET}`, 'a.b?...'],
  [`http://me:${SECRET}@a.b/c?key=${SECRET}`, 'http://...@a.b/c?...'],
])('the user and the query of %s are not shown', (LUAAUTH_API_URL, shown) => {
  expect(problemsIn({ LUAAUTH_API_URL })).toEqual([`LUAAUTH_API_URL: "${shown}": ${URL_FORM}`]);
});

it('a long value is shown by its beginning', () => {
  const long = 'x'.repeat(100_000);
  const shown = `"${'x'.repeat(200)}…"`;
  expect(problemsIn({ LUAAUTH_API_URL: long, LOG_LEVEL: long, LUAAUTH_TOKEN_FILE: long })).toEqual([
    `LUAAUTH_API_URL: ${shown}: must be a URL that begins with http:// or https://, without user, query or fragment.`,
    expect.stringMatching(`^LUAAUTH_TOKEN_FILE: ${shown}: `),
    `LOG_LEVEL: ${shown}: must be one of trace, debug, info, warn, error, fatal, silent.`,
  ]);
});

const inClear = (origin: string) =>
  `LUAAUTH_API_URL: "${origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`;
const NO_API =
  'LUAAUTH_API_URL: not set, and NODE_ENV is production, so made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true to serve the sandbox.';

const HOLDING = { LUAAUTH_TOKEN: HELD };
const TOKENS = {
  GATEWAY_JWKS_URL: 'https://id.example.com/jwks',
  GATEWAY_JWT_ISSUER: 'https://id.example.com/',
  GATEWAY_JWT_AUDIENCE: 'luaauth-gateway',
};
const NO_HELD_KEY =
  'GATEWAY_JWKS_URL: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_JWKS_URL out.';
const needsOthers = (name: string) =>
  `${name}: not set, but needed with the other two of GATEWAY_JWKS_URL, GATEWAY_JWT_ISSUER, GATEWAY_JWT_AUDIENCE.`;

/** Several variables, and the problems that they have together. */
const TOGETHER: readonly [environment: Environment, problem: string | readonly string[] | undefined][] = [
  [{ NODE_ENV: 'development' }, undefined],
  [{ NODE_ENV: 'production' }, NO_API],
  [{ NODE_ENV: 'production', LUAAUTH_SANDBOX: 'false' }, NO_API],
  [{ NODE_ENV: 'production', LUAAUTH_SANDBOX: 'true' }, undefined],
  [{ NODE_ENV: 'production', LUAAUTH_API_URL: 'https://a.b' }, undefined],
  [
    { LUAAUTH_SANDBOX: 'true', LUAAUTH_API_URL: 'https://a.b' },
    'LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.',
  ],
  ...[
    'http://api.luaauth.com',
    'http://10.0.0.7:8080',
    'http://[::2]',
    'http://127.0.0.1.example.com',
    'http://api.localhost',
    'http://localhost.',
  ].map((LUAAUTH_API_URL): [Environment, string] => [{ LUAAUTH_API_URL }, inClear(LUAAUTH_API_URL)]),
  [{ LUAAUTH_API_URL: 'http://10.0.0.7', ALLOW_INSECURE_API: 'true' }, undefined],
  ...[
    'http://localhost:4001',
    'http://127.1.2.3',
    'http://127.1',
    'http://[::1]:80',
    'https://api.luaauth.com',
  ].map((LUAAUTH_API_URL): [Environment, undefined] => [
    { LUAAUTH_API_URL, LUAAUTH_TOKEN: SECRET },
    undefined,
  ]),
  ...['0.0.0.0', '::', '::0', '192.168.0.1', 'gateway.internal', '128.0.0.1', '127.0.0.1.example.com'].map(
    (HOST): [Environment, string] => [
      { LUAAUTH_TOKEN: SECRET, HOST },
      `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST "${HOST}" can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
    ],
  ),
  [{ LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: ONE, HOST: '0.0.0.0' }, undefined],
  [{ HOST: '0.0.0.0' }, undefined],
  ...[undefined, '127.0.0.1', '127.1.2.3', '::1', 'localhost'].map((HOST): [Environment, undefined] => [
    { LUAAUTH_TOKEN: SECRET, HOST },
    undefined,
  ]),
  [
    { GATEWAY_KEYS: ONE },
    'GATEWAY_KEYS: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_KEYS out.',
  ],
  [
    { LUAAUTH_INSTANCES: '3' },
    'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
  ],
  [
    { PORT: '4100', METRICS_PORT: '4100' },
    'METRICS_PORT: 4100, and PORT is the same. Set METRICS_PORT to another one, or leave it out and set METRICS_KEY for /metrics on PORT.',
  ],
  [{ PORT: '4100', METRICS_PORT: '4100', METRICS_HOST: '127.0.0.2' }, undefined],
  [{ PORT: '0', METRICS_PORT: '0' }, undefined],
  [{ ...HOLDING, ...TOKENS, HOST: '0.0.0.0' }, undefined],
  [TOKENS, NO_HELD_KEY],
  [
    { ...HOLDING, GATEWAY_JWKS_URL: TOKENS.GATEWAY_JWKS_URL },
    ['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'].map(needsOthers),
  ],
  [
    { GATEWAY_JWKS_URL: TOKENS.GATEWAY_JWKS_URL },
    [NO_HELD_KEY, ...['GATEWAY_JWT_ISSUER', 'GATEWAY_JWT_AUDIENCE'].map(needsOthers)],
  ],
  [
    { ...HOLDING, ...TOKENS, GATEWAY_JWKS_URL: 'http://id.example.com/jwks' },
    'GATEWAY_JWKS_URL: "http://id.example.com" is not encrypted, so anyone in between could replace the keys. Begin it with https://.',
  ],
  [
    { PERSISTED_DOCUMENTS: 'only' },
    'PERSISTED_DOCUMENTS_FILE: not set, but PERSISTED_DOCUMENTS is only, so every operation would be refused. Give the path of the list of documents.',
  ],
  [
    { METRICS_SCRIPTS: 'a' },
    'METRICS_SCRIPTS: set without LUAAUTH_TOKEN, whose key the polls would have. Set LUAAUTH_TOKEN, and GATEWAY_KEYS for the callers, or leave METRICS_SCRIPTS out.',
  ],
];

it.each(TOGETHER)('%j together: %s', (environment, problem) => {
  expect(problemsIn(environment)).toEqual(problem === undefined ? [] : [problem].flat());
});

it('a variable that was given and is malformed is not called missing', () => {
  expect(problemsIn({ NODE_ENV: 'production', LUAAUTH_API_URL: 'a b' })).toHaveLength(1);
  expect(problemsIn({ GATEWAY_KEYS: ONE, LUAAUTH_TOKEN: 'a b' })).toHaveLength(1);
  expect(problemsIn({ GATEWAY_KEYS: 'a b', LUAAUTH_TOKEN: 'one', HOST: '0.0.0.0' })).toHaveLength(1);
});

describe('a gateway key', () => {
  const withKeys = (GATEWAY_KEYS: string) => problemsIn({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS });

  it.each([
    [
      'key 1 of 1',
      '/run/secrets/gateway-keys',
      'is a path, not a key: GATEWAY_KEYS_FILE reads keys from a file',
    ],
    ['key 1 of 1', 'team=/run/secrets/gateway-keys', 'is a path, not a key'],
    ['key 1 of 1', '{"keys": []}', 'has characters that are not allowed'],
    ['key 1 of 1', '- name: bot', 'has characters that are not allowed'],
    ['key 1 of 1', '#production', 'has characters that are not allowed'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable that nothing has replaced
    ['key 1 of 1', '${GATEWAY_SECRET_OF_TEAM}', 'is a placeholder such as ${KEY}'],
    ['key 1 of 1', '$(cat /run/secrets/gateway)', 'is a placeholder such as'],
    ['key 1 of 1', '<your-gateway-key-here>', 'is a placeholder such as'],
    ['key 1 of 1', '""', 'has characters that are not allowed'],
    ['key 1 of 1', 'undefined', 'has 9 characters'],
    ['key 1 of 1', 'null', 'has 4 characters'],
    ['key 1 of 1', 'changeme', 'has 8 characters'],
    ['key 1 of 1', 'x', 'has 1 character.'],
    ['key 1 of 1', 'undefinedundefined', 'is a placeholder'],
    ['key 1 of 1', 'Change-Me-Before-Use', 'is a placeholder'],
    ['key 1 of 1', 'team-a=your-key-goes-here', 'is a placeholder'],
    ['key 1 of 1', 'a-long-random-key', 'is a placeholder'],
    ['key 1 of 1', 'xxxxxxxxxxxxxxxxxxxxxxxx', 'repeats its characters'],
    ['key 1 of 1', '1234567890123456', 'is a placeholder'],
    ['key 1 of 1', 'abcdefghijklmnopqrstuvwxyz', 'is a placeholder'],
    ...['deploy=', 'bot=', 'ci.deploy=', 'support-bot-of-x='].map((given) => [
      'key 1 of 1',
      given,
      'is a name and = without a key',
    ]),
    ['key 2 of 2', `${ONE},deploy=`, 'is a name and = without a key'],
    ['key 2 of 3', `${ONE},,${TWO}`, 'is empty'],
    ['key 2 of 2', `${ONE}\na b c d e f g h i j`, 'has characters that are not allowed'],
    ['key 1 of 1', `${ONE}#comment`, 'has characters that are not allowed'],
    ['key 1 of 1', 'Q1w2E3r4T5'.padEnd(513, 'zY9xW8vU7tS6'), 'has 513 characters'],
  ])('that can be guessed is refused without being shown: %s of %j', (place, list, problem) => {
    const [line = '', ...others] = withKeys(list);
    expect(others).toEqual([]);
    expect(line.startsWith(`GATEWAY_KEYS: ${place} (not shown) ${problem}`), line).toBe(true);
    expect(line.endsWith(`. ${KEY_ADVICE}`), line).toBe(true);
    const keys = list.split(/[,\n=]/).filter((part) => part.length >= 8);
    expect(keys.filter((key) => line.replace(KEY_ADVICE, '').includes(key))).toEqual([]);
  });

  it.each(['hex', 'base64', 'base64url'] as const)(
    'may be any of a thousand random ones in %s',
    (encoding) => {
      for (const bytes of [12, 16, 32, 47])
        for (let index = 0; index < 1_000; index += 1) {
          const key = hash('sha512', `${encoding}${bytes}${index}`, 'buffer')
            .subarray(0, bytes)
            .toString(encoding);
          // With the padding of base64.
          const padded = `${key}${'='.repeat((4 - (key.length % 4)) % 4)}`;
          const given = encoding === 'hex' ? key : padded;
          expect(withKeys(`${given},team=${given}`), given).toEqual([]);
        }
    },
  );

  it.each([HELD, `${ONE},team-b=${HELD}`])('is not the value of LUAAUTH_TOKEN', (keys) => {
    expect(withKeys(keys)).toEqual([
      expect.stringMatching(/^GATEWAY_KEYS: one of the keys \(not shown\) is the value of LUAAUTH_TOKEN/),
    ]);
  });
});

const unknown = (name: string, how: string, advice: string) =>
  `${name}: ${how}, but there is no such variable. ${advice}`;
const CORRECT = 'Correct its name, or remove it; "luaauth-graphql serve --help" lists all variables.';

describe('a name that is no variable', () => {
  it.each([
    ['DASHBORD', 'DASHBOARD'],
    ['GRAPHIQLS', 'GRAPHIQL'],
    ['Fresh_ms_', 'FRESH_MS'],
    ['HOTS', undefined],
    ['HOME', undefined],
    ['LOGNAME', undefined],
    ['DASHBOARD', undefined],
  ])('is a note if it differs from a variable by at most two letters: %s', (name, meant) => {
    const given = { [name]: SECRET };
    const note = `${name}: the environment sets it, but there is no such variable. Did you mean ${meant}?`;
    expect(notesOnSimilarNames(given)).toEqual(meant === undefined ? [] : [note]);
    expect(findUnknownNames({}, given)).toEqual([]);
  });

  it.each([
    ['FOO_SECRET', CORRECT],
    ['HOTS', 'Did you mean HOST?'],
    ['LUAUTH_TOKEN', 'Did you mean LUAAUTH_TOKEN?'],
    ['LUAAUTH_APIURL', 'Did you mean LUAAUTH_API_URL?'],
  ])('is a problem in .env: %s', (name, advice) => {
    expect(findUnknownNames({ [name]: SECRET }, {})).toEqual([unknown(name, '.env sets it', advice)]);
  });

  it.each([
    ['LUAAUTH_TOKN', 'Did you mean LUAAUTH_TOKEN?'],
    ['LUA_AUTH_API_URL', 'Did you mean LUAAUTH_API_URL?'],
    ['MAX_DEPHT', 'Did you mean MAX_DEPTH?'],
    ['REDIS_COLOUR', CORRECT],
    ['redis_url', 'Did you mean REDIS_URL?'],
  ])('is a problem in the environment if it begins like ours: %s', (name, advice) => {
    expect(findUnknownNames({}, { [name]: SECRET })).toEqual([unknown(name, 'it is set', advice)]);
  });

  it('is no problem if another program has set it, or if it is empty', () => {
    const others = {
      HOSTNAME: 'here',
      LUAAUTH_NOTHING: '',
      OTEL_SERVICE_NAME: 'gateway',
      // Kubernetes sets these for its services.
      GATEWAY_SERVICE_HOST: '10.0.0.1',
      GATEWAY_SERVICE_PORT_HTTP: '80',
      LUAAUTH_GRAPHQL_PORT: 'tcp://10.0.0.1:80',
      LUAAUTH_GRAPHQL_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    expect(findUnknownNames({ COMPOSE_PROJECT_NAME: 'luaauth', LUAAUTH_OTHER: '' }, others)).toEqual([]);
  });
});

it('a line of .env that sets nothing is a problem, and is not quoted: it may hold a key', () => {
  const lines = [
    '# READ_ONLY: true',
    'READ_ONLY: true',
    '',
    '  ',
    'REDIS_PREFIX="a',
    'b"',
    `LUAAUTH_TOKEN ${SECRET}`,
    'PORT=x',
  ];
  const problems: string[] = [];
  const dotEnv = parseDotEnv(lines.join('\n'), problems);
  expect(dotEnv).toEqual({ REDIS_PREFIX: 'a\nb', PORT: 'x' });
  expect(problems).toEqual(
    [2, 7].map(
      (line) => `.env: line ${line} has no =, so it sets nothing. Write NAME=value, or put # before it.`,
    ),
  );
});

it('an empty variable counts as not set', () => {
  expect(configOf(Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ''])))).toEqual(configOf({}));
});
