import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../src/config/config.ts';
import { type Name, ROWS, VARIABLE_NAMES, VARIABLES, type Variable } from '../../src/config/env-variables.ts';
import { type Environment, readDefault } from '../../src/config/environment.ts';
import { GONE_VARIABLES } from '../../src/config/gone-variables.ts';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { useCommandLine } from '../support/processes/command-line.ts';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';
import { textOf } from '../support/repository/repository.ts';

const SECRET = 'sentinel-5f0c';
const [ONE, TWO, THREE] = ['one-Vd8sK2mQ41xZ', 'two-n7Yw3RtC90pL', 'three-Jq6fH5bU2gTe'];

const KEY_ADVICE =
  'A key has 16 to 512 letters, digits or any of _ . ~ + / = -, and is hard to guess. Make one with "luaauth-graphql keys new --name NAME --scopes \'*\'".';

const { run } = useCommandLine();

let directory: string;
let gateway: GatewayProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-config-'));
});
afterEach(async () => {
  await gateway?.kill();
  gateway = undefined;
  rmSync(directory, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function problems(environment: Environment): readonly string[] {
  const result = readConfig(environment);
  return 'problems' in result ? result.problems : [];
}

function config(environment: Environment): Config {
  const result = readConfig(environment);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  return result.config;
}

describe('an environment', () => {
  it('that is empty means the sandbox, on loopback, with the key of each caller', () => {
    expect(config({})).toMatchObject({
      apiUrl: undefined,
      credentials: { heldKey: undefined, gatewayKeys: undefined },
      host: '127.0.0.1',
      port: 4000,
      graphiql: true,
      readOnly: false,
      timeouts: { read: 10_000, write: 25_000 },
      graceMs: 30_000,
      logLevel: 'info',
    });
  });

  it.each<[Environment, boolean]>([
    [{ PORT: '4100', METRICS_PORT: '4100' }, true],
    [{ METRICS_PORT: '4000' }, true],
    [{ PORT: '4100', METRICS_PORT: '4100', HOST: '0.0.0.0' }, true],
    [{ PORT: '4102', METRICS_PORT: '4100', WORKERS: '3', REDIS_URL: 'redis://127.0.0.1' }, true],
    [{ PORT: '4103', METRICS_PORT: '4100', WORKERS: '3', REDIS_URL: 'redis://127.0.0.1' }, false],
    [{ PORT: '4100', METRICS_PORT: '4100', HOST: '127.0.0.2' }, false],
    [{ PORT: '0', METRICS_PORT: '0' }, false],
  ])('is refused when one port is to be two: %j', (environment, isProblem) => {
    const expected = expect.stringMatching(
      /^METRICS_PORT: 4\d+(?: and the 2 after it, one for each of WORKERS)?, but PORT is 4\d+: one port cannot be both\. Set/,
    );
    expect(problems(environment)).toEqual(isProblem ? [expected] : []);
  });

  it('is refused when a gateway key is a name alone, as of a variable that is not set', () => {
    const withKeys = (GATEWAY_KEYS: string) => problems({ LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS });
    for (const keys of ['deploy=', 'bot=', 'ci.deploy=', 'a-Vd8sK2mQ41xZ9k,deploy=', 'support-bot-of-x='])
      expect(withKeys(keys), keys).toEqual([
        expect.stringMatching(
          /^GATEWAY_KEYS: key \d of \d \(not shown\) is a name and = without a key, which happens if the variable for the key is not set\. /,
        ),
      ]);
    // The padding of base64.
    for (const bytes of [11, 16, 32, 47, 64])
      for (const encoding of ['base64', 'base64url'] as const)
        for (const name of ['', 'deploy=']) {
          const key = hash('sha512', `${bytes}`, 'buffer').subarray(0, bytes).toString(encoding);
          expect(withKeys(`${name}${key}${'='.repeat((4 - (key.length % 4)) % 4)}`)).toEqual([]);
        }
  });

  it('is refused when there is no port for the metrics of each worker', () => {
    const environment = { WORKERS: '3', REDIS_URL: 'redis://127.0.0.1' };
    expect(problems({ ...environment, METRICS_PORT: '65533' })).toEqual([]);
    expect(problems({ ...environment, METRICS_PORT: '65534' })).toEqual([
      'METRICS_PORT: 65534, but each of the 3 WORKERS needs its own port, counted from there up to 65535. Set it to 65533 or less.',
    ]);
  });

  it('is read variable by variable', () => {
    expect(
      config({
        LUAAUTH_API_URL: 'https://api.luaauth.com/base',
        LUAAUTH_TOKEN: 'held',
        GATEWAY_KEYS: `${ONE}, ${TWO}`,
        HOST: '0.0.0.0',
        PORT: '0',
        GRAPHIQL: 'off',
        READ_ONLY: '1',
        LUAAUTH_TIMEOUT_MS: '100000',
        SHUTDOWN_GRACE_MS: '1',
        LOG_LEVEL: 'silent',
      }),
    ).toMatchObject({
      apiUrl: new URL('https://api.luaauth.com/base'),
      credentials: { heldKey: 'held', gatewayKeys: [ONE, TWO] },
      host: '0.0.0.0',
      port: 0,
      graphiql: false,
      readOnly: true,
      timeouts: { read: 100_000, write: 250_000 },
      graceMs: 1,
      logLevel: 'silent',
    });
  });

  it('counts an empty variable as not set', () => {
    expect(config(Object.fromEntries(VARIABLE_NAMES.map((name) => [name, ''])))).toEqual(config({}));
  });

  it.each([
    ['production', undefined, false],
    ['production', 'true', true],
    ['development', undefined, true],
    ['test', 'false', false],
  ])('NODE_ENV %s and GRAPHIQL %s make GraphiQL %s', (NODE_ENV, GRAPHIQL, graphiql) => {
    expect(config({ NODE_ENV, GRAPHIQL, LUAAUTH_SANDBOX: 'true' }).graphiql).toBe(graphiql);
  });

  it('has every problem reported at once, one line each: the variable, what was given, what is allowed', () => {
    const checked = VARIABLE_NAMES.filter((name) => name !== 'NODE_ENV' && !name.endsWith('_FILE'));
    const given = Object.fromEntries(checked.map((name) => [name, `\u0007 ${SECRET} \u0007`]));
    const lines = problems(given);
    expect(lines.map((line) => line.slice(0, line.indexOf(':')))).toEqual(checked);
    for (const line of lines) {
      const [, name, shown = ''] =
        /^(\w+): (the given value \(not shown\)|key 1 of 1 \(not shown\)|".+":) (?:must be|has) \S.*\.$/.exec(
          line,
        ) ?? [];
      const isSecret = 'secret' in VARIABLES[name as Name];
      expect([line, shown.endsWith('(not shown)')]).toEqual([line, isSecret]);
      expect([line, line.includes(SECRET)]).toEqual([line, !isSecret]);
    }
  });

  it.each([
    [
      'LUAAUTH_API_URL',
      'api.luaauth.com',
      '"api.luaauth.com": must be an http or https URL without user, query or fragment. Did you mean https://api.luaauth.com?',
    ],
    [
      'CORS_ORIGINS',
      'https://a.example/, http://b.example:81/page',
      '"https://a.example/, http://b.example:81/page": must be origins such as https://app.example.com separated by commas, or * alone for every origin. Did you mean https://a.example,http://b.example:81?',
    ],
    [
      'CORS_ORIGINS',
      'a.example',
      '"a.example": must be origins such as https://app.example.com separated by commas, or * alone for every origin. Did you mean https://a.example?',
    ],
    [
      'LUAAUTH_API_URL',
      'localhost:4001/base',
      '"localhost:4001/base": must be an http or https URL without user, query or fragment. Did you mean http://localhost:4001/base?',
    ],
    [
      'LUAAUTH_API_URL',
      `me:${SECRET}@a.b`,
      '"...@a.b": must be an http or https URL without user, query or fragment',
    ],
    [
      'LUAAUTH_API_URL',
      `a.b?key=${SECRET}`,
      '"a.b?...": must be an http or https URL without user, query or fragment',
    ],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      '127.0.0.1:4318',
      '"127.0.0.1:4318": must be an http or https URL without user, query or fragment. Did you mean http://127.0.0.1:4318?',
    ],
    [
      'LUAAUTH_API_URL',
      'ftp://a.b',
      '"ftp://a.b": must be an http or https URL without user, query or fragment',
    ],
    [
      'LUAAUTH_API_URL',
      `http://me:${SECRET}@a.b/c?key=${SECRET}`,
      '"http://...@a.b/c?...": must be an http or https URL without user, query or fragment',
    ],
    [
      'LUAAUTH_TOKEN',
      `Bearer ${SECRET}`,
      'the given value (not shown) must be 1 to 512 visible ASCII characters without spaces',
    ],
    [
      'GATEWAY_KEYS',
      `${SECRET},,b`,
      `key 1 of 3 (not shown) has 13 characters; key 2 of 3 (not shown) is empty, which happens if the variable for the key is not set; key 3 of 3 (not shown) has 1 character. ${KEY_ADVICE}`,
    ],
    ['HOST', 'http://x', '"http://x": must be a host name or an IP address to listen on'],
    [
      'HOST',
      '999.1.1.1',
      '"999.1.1.1": is no IP address. Listen on 127.0.0.1, or on 0.0.0.0 for other machines.',
    ],
    ...['1', 'true'].map((text): [string, string, string] => [
      'TRUSTED_PROXY',
      text,
      `"${text}": must be the name of a header, such as x-forwarded-for`,
    ]),
    ...['/run/secrets/token', './key', '~/keys/luaauth', '../secrets/luaauth.key'].map(
      (text): [string, string, string] => [
        'LUAAUTH_TOKEN',
        text,
        'the given value (not shown) is a path, not a key. A variable whose name ends in _FILE reads the key from a file.',
      ],
    ),
    ...['/run/secrets/gateway-keys', 'team=/run/secrets/gateway-keys'].map(
      (text): [string, string, string] => [
        'GATEWAY_KEYS',
        text,
        `key 1 of 1 (not shown) is a path, not a key: GATEWAY_KEYS_FILE reads keys from a file. ${KEY_ADVICE}`,
      ],
    ),
    ['PORT', '65536', '"65536": must be a whole number from 0 to 65535 (0: any free port)'],
    ['PORT', '-1', '"-1": must be a whole number from 0 to 65535 (0: any free port)'],
    ['PORT', '80.5', '"80.5": must be a whole number from 0 to 65535 (0: any free port)'],
    ['GRAPHIQL', 'yes', '"yes": must be true or false'],
    ['READ_ONLY', 'TRUE', '"TRUE": must be true or false'],
    [
      'LUAAUTH_TIMEOUT_MS',
      '0',
      '"0": must be milliseconds, a whole number from 1 to 100000, or with a unit such as 2s or 500ms',
    ],
    [
      'LUAAUTH_TIMEOUT_MS',
      '2m',
      '"2m": must be milliseconds, a whole number from 1 to 100000, or with a unit such as 2s or 500ms',
    ],
    [
      'FRESH_MS',
      '1.5s',
      '"1.5s": must be milliseconds, a whole number from 0 to 3600000 (0: off), or with a unit such as 2s or 500ms',
    ],
    [
      'MAX_BODY_BYTES',
      '1GB',
      '"1GB": must be bytes, a whole number from 0 to 100000000, or with a unit such as 4MB or 64kB (0: no limit)',
    ],
    ['MAX_DEPTH', '2kB', '"2kB": must be a whole number from 0 to 100000000 (0: no limit)'],
    ...['ads', 'ads=', 'ads=2h', 'adds=1m', 'ads=1m=2', 'ads=1m,', 'ads=1m;users=1m'].map(
      (text): [string, string, string] => [
        'CACHE_TTL',
        text,
        `"${text}": must be a list such as executions=1m,ads=10m, of ads, executions, projects, scripts, sessions, users, each with at most 1h (0: off)`,
      ],
    ),
    ['LOG_LEVEL', 'verbose', '"verbose": must be one of trace, debug, info, warn, error, fatal, silent'],
  ])('is refused for %s=%s', (name, value, problem) => {
    expect(problems({ [name]: value })).toEqual([`${name}: ${problem.replace(/[^?.]$/, '$&.')}`]);
  });
});

it('that is long is shown by its beginning', () => {
  const long = 'x'.repeat(100_000);
  const shown = `"${'x'.repeat(200)}…"`;
  expect(problems({ LUAAUTH_API_URL: long, LOG_LEVEL: long, LUAAUTH_TOKEN_FILE: long })).toEqual([
    `LUAAUTH_API_URL: ${shown}: must be an http or https URL without user, query or fragment.`,
    expect.stringMatching(`^LUAAUTH_TOKEN_FILE: ${shown} `),
    `LOG_LEVEL: ${shown}: must be one of trace, debug, info, warn, error, fatal, silent.`,
  ]);
});

describe('a unit', () => {
  it.each([
    ['250', 250],
    ['500ms', 500],
    ['2s', 2_000],
    ['1 s', 1_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ])('of time: FRESH_MS=%s is %d ms', (FRESH_MS, freshMs) => {
    expect(config({ FRESH_MS }).freshMs).toBe(freshMs);
  });

  it.each([
    ['1000', 1_000],
    ['4MB', 4 * 1024 * 1024],
    ['64 kB', 64 * 1024],
    ['12b', 12],
    ['0', Number.POSITIVE_INFINITY],
  ])('of size: MAX_BODY_BYTES=%s is %d bytes', (MAX_BODY_BYTES, maxBodyBytes) => {
    expect(config({ MAX_BODY_BYTES }).maxBodyBytes).toBe(maxBodyBytes);
  });

  it('is taken wherever a default is a time or a size', () => {
    const timed = ROWS.filter(([, { allowed }]) => allowed.startsWith('milliseconds'));
    const sized = ROWS.filter(([, { allowed }]) => allowed.startsWith('bytes'));
    expect(timed.map(([name]) => name)).toEqual(VARIABLE_NAMES.filter((name) => /_MS$/.test(name)));
    expect(sized.map(([name]) => name)).toEqual(VARIABLE_NAMES.filter((name) => name.endsWith('_BYTES')));
  });
});

describe('a note', () => {
  const LIVE = { LUAAUTH_API_URL: 'https://api.luaauth.com' };
  it.each<[environment: Environment, note: RegExp | undefined]>([
    [{}, undefined],
    [LIVE, undefined],
    [
      { STALE_MS: '500' },
      /^STALE_MS: 500 is not more than FRESH_MS \(1000\).* Raise STALE_MS, or set it to 0\.$/,
    ],
    [{ LUAAUTH_RATE: '0' }, undefined],
    [
      { ...LIVE, LUAAUTH_RATE: '0' },
      /^LUAAUTH_RATE: 0 means no limit, which is more than the 50 calls per second that LuaAuth documents/,
    ],
    [{ LUAAUTH_API_URL: 'http://127.0.0.1:4001', LUAAUTH_TOKEN: SECRET, LUAAUTH_RATE: '0' }, undefined],
    [{ ...LIVE, LUAAUTH_RATE: '51' }, /^LUAAUTH_RATE: 51 is more than the 50 calls per second/],
    [{ LUAAUTH_RATE: '5' }, /^LIVE_RATE: 10 is more than LUAAUTH_RATE \(5\)/],
    [{ NODE_ENV: 'prod' }, /^NODE_ENV: "prod" has no effect\. Did you mean production\?/],
    [
      { ...LIVE, LUAAUTH_TOKEN: SECRET },
      /^LUAAUTH_TOKEN: set without GATEWAY_KEYS, so every process of this machine may use the key\./,
    ],
    [{ ...LIVE, LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: ONE }, undefined],
    [{ DASHBORD: 'true' }, /^DASHBORD: it is set, but there is no such variable\. Did you mean DASHBOARD\?$/],
    [{ LOGLEVEL: 'debug' }, /^LOGLEVEL: .* Did you mean LOG_LEVEL\?$/],
    [
      {
        HOSTNAME: 'here',
        PATH: '/bin',
        LANG: 'C',
        HOTS: 'x',
        USER: 'me',
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://x',
      },
      undefined,
    ],
  ])('for %j is %s', (environment, note) => {
    const { notes } = config(environment);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
    expect(notes.join()).not.toContain(SECRET);
  });
});

describe('a variable that is gone', () => {
  it('is a note, which says what took its place', () => {
    const gone = Object.keys(GONE_VARIABLES);
    const { notes } = config(Object.fromEntries(gone.map((name) => [name, 'x'])));
    expect(notes).toEqual(
      gone.map((name) => expect.stringMatching(`^${name}: this variable is gone\\. [A-Z].*\\.$`)),
    );
    expect(gone.filter((name) => VARIABLE_NAMES.includes(name))).toEqual([]);
    expect(config(Object.fromEntries(gone.map((name) => [name, '']))).notes).toEqual([]);
  });
});

describe('a row that contradicts itself', () => {
  it('is an error of the start that names file, field and variable', () => {
    const row: Variable = { ...VARIABLES.PORT, byDefault: '66000' };
    expect(() => readDefault('PORT', row, {})).toThrow(
      'src/config/env-variables.ts: byDefault of PORT: "66000": must be a whole number from 0 to 65535 (0: any free port).',
    );
    const derived = { ...VARIABLES.PORT, byDefault: ({ PROT }: { PROT: number }) => String(PROT) };
    expect(() => readDefault('PORT', derived, { PORT: 1 })).toThrow(
      'src/config/env-variables.ts: byDefault of PORT: "undefined": must be a whole number',
    );
  });
});

describe('a secret', () => {
  it('is read from the file that NAME_FILE names, without the line break at its end', () => {
    const { credentials } = config({
      LUAAUTH_TOKEN_FILE: file('token', 'held\n'),
      GATEWAY_KEYS_FILE: file('keys', `# of the team\n${ONE}\n\n${TWO},${THREE}  # the last\n`),
    });
    expect(credentials).toEqual({ heldKey: 'held', gatewayKeys: [ONE, TWO, THREE] });
  });

  it('is read from its variable without the line break at its end, but not from line breaks alone', () => {
    const { credentials } = config({ LUAAUTH_TOKEN: 'held\r\n', GATEWAY_KEYS: `${ONE}\n${TWO}\n` });
    expect(credentials).toEqual({ heldKey: 'held', gatewayKeys: [ONE, TWO] });
    for (const breaks of ['\n', '\n\n'])
      expect(problems({ LUAAUTH_TOKEN: breaks, GATEWAY_KEYS: breaks })).toEqual([
        expect.stringMatching(/^LUAAUTH_TOKEN: the given value \(not shown\) must be/),
        expect.stringMatching(/^GATEWAY_KEYS: key 1 of \d \(not shown\) is empty/),
      ]);
  });

  it('is set in one place only', () => {
    const environment = { LUAAUTH_TOKEN: SECRET, LUAAUTH_TOKEN_FILE: file('token', SECRET) };
    expect(problems(environment)).toEqual([
      'LUAAUTH_TOKEN_FILE: LUAAUTH_TOKEN is set as well. Set one of the two.',
    ]);
  });

  it('is not taken for unset when its file is empty or cannot be read', () => {
    const empty = file('empty', ' \n');
    const missing = join(directory, 'missing');
    expect(problems({ LUAAUTH_TOKEN_FILE: empty, GATEWAY_KEYS_FILE: missing })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(empty)} is empty. Put the secret in it.`,
      `GATEWAY_KEYS_FILE: ${JSON.stringify(missing)} does not exist (ENOENT). Give the path of a readable file.`,
    ]);
  });

  it('is not shown when the content of its file is malformed', () => {
    const token = file('token', `a ${SECRET}`);
    expect(problems({ LUAAUTH_TOKEN_FILE: token })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(token)}: its content must be 1 to 512 visible ASCII characters without spaces.`,
    ]);
  });
});

it('of a plain list of keys holds no JSON, whose parts would be keys that allow everything', () => {
  const named = file('keys', '{"keys":[{"name":"bot","sha256":"ab","scopes":[]}]}');
  expect(problems({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: named })).toEqual([
    `GATEWAY_KEYS_FILE: ${JSON.stringify(named)} holds JSON, but by its name it is a plain list of keys. Give it a name that ends in .json.`,
  ]);
});

describe('a gateway key that can be guessed', () => {
  const HELD = 'held-Wm4cB8vX1aNs';
  const withKeys = (GATEWAY_KEYS: string) => problems({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS });

  it.each([
    ['', '[', 'looks like JSON'],
    ['', '{"keys": []}', 'looks like JSON'],
    ['', 'keys:', 'looks like YAML'],
    ['', '- name: bot', 'looks like YAML'],
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
    ['key 1 of 1', 'xxxxxxxxxxxxxxxxxxxxxxxx', 'repeats or counts'],
    ['key 1 of 1', '1234567890123456', 'repeats or counts'],
    ['key 1 of 1', 'abcdefghijklmnopqrstuvwxyz', 'repeats or counts'],
    ['key 1 of 1', 'Tr0ub4dorTr0ub4dor', 'repeats or counts'],
    ['key 1 of 1', HELD, 'is the value of LUAAUTH_TOKEN'],
    ['key 2 of 2', `${ONE},team-b=${HELD}`, 'is the value of LUAAUTH_TOKEN'],
    ['key 2 of 3', `${ONE},,${TWO}`, 'is empty'],
    ['key 2 of 2', `${ONE}\na b c d e f g h i j`, 'has characters that are not allowed'],
    ['key 1 of 1', `${ONE}#comment`, 'has characters that are not allowed'],
    ['key 1 of 1', 'Q1w2E3r4T5'.padEnd(513, 'zY9xW8vU7tS6'), 'has 513 characters'],
  ])('is refused without being shown: %s of %j', (place, list, problem) => {
    const [line = '', ...others] = withKeys(list);
    expect(others).toEqual([]);
    expect(line.startsWith(`GATEWAY_KEYS: ${place || 'the given value'} (not shown) ${problem}`), line).toBe(
      true,
    );
    expect(line.endsWith(`. ${KEY_ADVICE}`), line).toBe(true);
    const keys = list.split(/[,\n=]/).filter((part) => part.length >= 8);
    expect(keys.filter((key) => line.replace(KEY_ADVICE, '').includes(key))).toEqual([]);
  });

  it.each(['hex', 'base64', 'base64url'] as const)('is none of a thousand random ones in %s', (encoding) => {
    for (const bytes of [12, 16, 32])
      for (let index = 0; index < 1_000; index += 1) {
        const key = hash('sha512', `${encoding}${bytes}${index}`, 'buffer')
          .subarray(0, bytes)
          .toString(encoding);
        expect(withKeys(`${key},team=${key}`), key).toEqual([]);
      }
  });

  it('is told of ten times at most', () => {
    const [line = ''] = withKeys(Array.from({ length: 500 }, (_, index) => `k${index}`).join(','));
    expect(line).toContain(
      'key 10 of 500 (not shown) has 2 characters; 490 more keys are refused. A key has',
    );
  });

  it.each([
    ['a list of YAML', 'keys:\n  - name: bot\n', 'holds YAML', 'Write a key, or name=key, in each line'],
    ['a list of JSON', ' ["a", "b"]', 'holds JSON', 'Give it a name that ends in .json.'],
    ['comments alone', '# production\n\n  # staging\n', 'holds no key', 'Put a key in each line'],
    [
      'a key before a comment',
      'changeme # for now\n',
      ': key 1 of 1 (not shown) has 8 characters',
      KEY_ADVICE,
    ],
  ])('is refused in a file as well: %s', (_title, content, problem, advice) => {
    const GATEWAY_KEYS_FILE = file('keys', content);
    const [line = '', ...others] = problems({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS_FILE });
    expect(others).toEqual([]);
    expect(line.startsWith(`GATEWAY_KEYS_FILE: ${JSON.stringify(GATEWAY_KEYS_FILE)}`)).toBe(true);
    expect(line).toContain(problem);
    expect(line).toContain(advice);
  });

  it('is the hash of the held key in a file of keys', () => {
    const sha256 = hash('sha256', HELD);
    const text = JSON.stringify({ keys: [{ name: 'bot', sha256, scopes: ['*'] }] });
    const GATEWAY_KEYS_FILE = file('keys.json', text);
    expect(problems({ LUAAUTH_TOKEN: HELD, GATEWAY_KEYS_FILE })).toEqual([
      `GATEWAY_KEYS_FILE: ${JSON.stringify(GATEWAY_KEYS_FILE)}: keys[0] (bot).sha256 is the hash of LUAAUTH_TOKEN, which no caller may have. Make a key with "luaauth-graphql keys new".`,
    ]);
  });
});

describe('a file that is named', () => {
  const files = ['LUAAUTH_TOKEN_FILE', 'GATEWAY_KEYS_FILE', 'METRICS_KEY_FILE', 'PERSISTED_DOCUMENTS_FILE'];

  it('is not read when it is a pipe that nobody writes to, or never ends', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      // A process of its own: reading these would keep this one busy for ever.
      const variables = Object.fromEntries(files.map((name) => [name, path]));
      const { code, stderr } = await run([], { variables });
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n').slice(1)).toEqual(
        files.map(
          (name) =>
            `  ${name}: ${JSON.stringify(path)} is not read: it is a pipe or a device, not a regular file. Give the path of a readable file.`,
        ),
      );
    }
  });

  it('is read up to 64 kB, and a list of documents up to 32 MB', () => {
    const key = Array.from({ length: 4 }, (_, index) => hash('sha512', `${index}`)).join('');
    const most = file('most', Array.from({ length: 127 }, () => key).join('\n'));
    expect(config({ LUAAUTH_TOKEN: 'held', GATEWAY_KEYS_FILE: most }).credentials.gatewayKeys).toHaveLength(
      127,
    );
    const more = file('more', ' '.repeat(64 * 1024 + 1));
    const larger = file('larger', ' '.repeat(32 * 1024 * 1024 + 1));
    expect(problems({ LUAAUTH_TOKEN_FILE: more, PERSISTED_DOCUMENTS_FILE: larger })).toEqual([
      `LUAAUTH_TOKEN_FILE: ${JSON.stringify(more)} is larger than 64 kB. Give the path of a readable file.`,
      `PERSISTED_DOCUMENTS_FILE: ${JSON.stringify(larger)} is larger than 32768 kB. Give the path of a readable file.`,
    ]);
  });

  it('may be a link to one, or one without a size', () => {
    const link = join(directory, 'link');
    symlinkSync(file('token', 'held'), link);
    expect(config({ LUAAUTH_TOKEN_FILE: link }).credentials.heldKey).toBe('held');
    if (existsSync('/proc/sys/kernel/ostype')) {
      expect(config({ LUAAUTH_TOKEN_FILE: '/proc/sys/kernel/ostype' }).credentials.heldKey).toBe('Linux');
    }
  });

  it('is refused as .env as well when it is a pipe', async () => {
    const { code, stderr } = await run([], { prepare: (cwd) => execFileSync('mkfifo', [join(cwd, '.env')]) });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'The configuration has problems:\n  .env: the file is not read: it is a pipe or a device, not a regular file. Make it readable, or remove it.\n',
    );
  });
});

describe('the sandbox', () => {
  it.each([{ NODE_ENV: 'development' }, { NODE_ENV: 'test' }, {}])(
    'is the default with %j',
    (environment) => {
      expect(config(environment).apiUrl).toBeUndefined();
    },
  );

  it('is not served in production, unless it is insisted on', () => {
    const NODE_ENV = 'production';
    expect(problems({ NODE_ENV })).toEqual([
      'LUAAUTH_API_URL: not set, and NODE_ENV is production, so made-up data would be served. Set LUAAUTH_API_URL=https://api.luaauth.com, or LUAAUTH_SANDBOX=true to serve the sandbox.',
    ]);
    expect(problems({ NODE_ENV, LUAAUTH_SANDBOX: 'false' })).toHaveLength(1);
    expect(config({ NODE_ENV, LUAAUTH_SANDBOX: 'true' }).apiUrl).toBeUndefined();
    expect(config({ NODE_ENV, LUAAUTH_API_URL: 'https://a.b' }).apiUrl?.host).toBe('a.b');
    // It was given, and is malformed: one problem, not two.
    expect(problems({ NODE_ENV, LUAAUTH_API_URL: 'a b' })).toHaveLength(1);
  });

  it('is not meant where an API is named', () => {
    expect(problems({ LUAAUTH_SANDBOX: 'true', LUAAUTH_API_URL: 'https://a.b' })).toEqual([
      'LUAAUTH_SANDBOX: true, but LUAAUTH_API_URL is set as well. Set one of the two.',
    ]);
  });
});

describe('a name that nobody reads', () => {
  const there = (name: string, how: string, advice: string) =>
    `  ${name}: ${how}, but there is no such variable. ${advice}`;

  it('is a problem in .env whatever it is, and in the environment when it is like ours', async () => {
    const variables = {
      LUAAUTH_TOKN: SECRET,
      LUA_AUTH_API_URL: 'https://a.b',
      luaauth_rate: '10',
      MAX_DEPHT: '3',
      REDIS_COLOUR: 'red',
    };
    const files = { '.env': `LUAAUTH_APIURL=https://a.b\nHOTS=::1\nFOO_SECRET=${SECRET}\n` };
    expect(await run([], { variables: { ...variables, PORT: 'x' }, files })).toEqual({
      code: 1,
      stdout: '',
      stderr: [
        'The configuration has problems:',
        there('FOO_SECRET', '.env sets it', 'Remove it; "luaauth-graphql serve --help" lists all variables.'),
        there('HOTS', '.env sets it', 'Did you mean HOST?'),
        there('LUAAUTH_APIURL', '.env sets it', 'Did you mean LUAAUTH_API_URL?'),
        there('LUAAUTH_TOKN', 'it is set', 'Did you mean LUAAUTH_TOKEN?'),
        there('LUA_AUTH_API_URL', 'it is set', 'Did you mean LUAAUTH_API_URL?'),
        there('MAX_DEPHT', 'it is set', 'Did you mean MAX_DEPTH?'),
        there('REDIS_COLOUR', 'it is set', 'Remove it; "luaauth-graphql serve --help" lists all variables.'),
        there('luaauth_rate', 'it is set', 'Did you mean LUAAUTH_RATE?'),
        '  PORT: "x": must be a whole number from 0 to 65535 (0: any free port).',
        '',
      ].join('\n'),
    });
  });

  it('is a line of .env that has none, which is not quoted: it may hold a key', async () => {
    const lines = [
      '# READ_ONLY: true',
      'READ_ONLY: true',
      '',
      '  ',
      'REDIS_PREFIX="a',
      'b"',
      'LUAAUTH_TOKEN abc',
      'PORT=x',
    ];
    const { code, stderr } = await run([], { files: { '.env': lines.join('\n') } });
    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        'The configuration has problems:',
        '  .env: line 2 has no =, so it sets nothing. Write NAME=value, or put # before it.',
        '  .env: line 7 has no =, so it sets nothing. Write NAME=value, or put # before it.',
        '  PORT: "x": must be a whole number from 0 to 65535 (0: any free port).',
        '  REDIS_PREFIX: "a\\nb": must be 1 to 64 letters, digits and - . _ :.',
        '',
      ].join('\n'),
    );
  });

  it('is none when somebody else has set it, or it is empty', async () => {
    const variables = {
      HOSTNAME: 'here',
      LOGLEVEL: 'debug',
      LUAAUTH_NOTHING: '',
      OTEL_SERVICE_NAME: 'gateway',
      // Kubernetes sets these for its services.
      GATEWAY_SERVICE_HOST: '10.0.0.1',
      GATEWAY_SERVICE_PORT_HTTP: '80',
      LUAAUTH_GRAPHQL_PORT: 'tcp://10.0.0.1:80',
      LUAAUTH_GRAPHQL_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    gateway = startProcess({ ...variables, PORT: '0' }, (cwd) => {
      writeFileSync(join(cwd, '.env'), 'COMPOSE_PROJECT_NAME=luaauth\nLUAAUTH_OTHER=\n');
    });
    expect(await gateway.listening()).toContain('http://127.0.0.1:');
  });
});

describe('an API that is not encrypted', () => {
  const inClear = (origin: string) => [
    `LUAAUTH_API_URL: "${origin}" is not encrypted, so API keys would travel in the clear. Begin it with https://, or set ALLOW_INSECURE_API=true if the network in between is your own.`,
  ];

  it.each([
    'http://api.luaauth.com',
    'http://10.0.0.7:8080/path',
    'http://[::2]',
    'http://127.0.0.1.example.com',
    'http://api.localhost',
    'http://localhost.',
  ])('is refused at %s, whoever holds the key, unless that is allowed', (LUAAUTH_API_URL) => {
    const { origin } = new URL(LUAAUTH_API_URL);
    expect(problems({ LUAAUTH_API_URL })).toEqual(inClear(origin));
    expect(problems({ LUAAUTH_API_URL, LUAAUTH_TOKEN: SECRET })).toEqual(inClear(origin));
    expect(problems({ LUAAUTH_API_URL, ALLOW_INSECURE_API: 'false' })).toEqual(inClear(origin));
    expect(config({ LUAAUTH_API_URL, ALLOW_INSECURE_API: 'true' }).apiUrl?.origin).toBe(origin);
  });

  it.each([
    'http://localhost:4001',
    'http://127.1.2.3',
    'http://127.1',
    'http://[::1]:80',
    'https://api.luaauth.com',
  ])('is not meant by %s', (LUAAUTH_API_URL) => {
    expect(problems({ LUAAUTH_API_URL, LUAAUTH_TOKEN: SECRET })).toEqual([]);
  });
});

it.each([
  [{}, 200],
  [{ LUAAUTH_RATE: '10' }, 40],
  [{ LUAAUTH_RATE: '0' }, 0],
  [{ LUAAUTH_RATE: '10', LUAAUTH_TOTAL_RATE: '25' }, 25],
  [{ LUAAUTH_TOTAL_RATE: '0' }, 0],
] as [Environment, number][])('all keys together have with %j the quota %d', (environment, totalRate) => {
  expect(readConfig(environment)).toMatchObject({ config: { totalRate } });
});

describe('a key that the gateway holds', () => {
  it.each(['0.0.0.0', '::', '::0', '192.168.0.1', 'gateway.internal', '128.0.0.1', '127.0.0.1.example.com'])(
    'is not offered to everyone on %s',
    (HOST) => {
      expect(problems({ LUAAUTH_TOKEN: SECRET, HOST })).toEqual([
        `GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is, and HOST "${HOST}" can be reached from elsewhere: anyone could use your key. Set GATEWAY_KEYS, or listen on 127.0.0.1.`,
      ]);
      expect(config({ LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: ONE, HOST }).host).toBe(HOST);
      expect(config({ HOST }).host).toBe(HOST);
    },
  );

  it.each([undefined, '127.0.0.1', '127.1.2.3', '::1', 'localhost'])('needs no gateway key on %s', (HOST) => {
    expect(config({ LUAAUTH_TOKEN: SECRET, HOST }).credentials).toEqual({
      heldKey: SECRET,
      gatewayKeys: undefined,
    });
  });

  it('is what gateway keys protect: without it they are refused', () => {
    expect(problems({ GATEWAY_KEYS: ONE })).toEqual([
      'GATEWAY_KEYS: set without LUAAUTH_TOKEN, so it would protect nothing. Set LUAAUTH_TOKEN, or leave GATEWAY_KEYS out.',
    ]);
  });

  it('is not called missing when it was given and is malformed', () => {
    expect(problems({ GATEWAY_KEYS: ONE, LUAAUTH_TOKEN: 'a b' })).toHaveLength(1);
    expect(problems({ GATEWAY_KEYS: 'a b', LUAAUTH_TOKEN: 'one', HOST: '0.0.0.0' })).toHaveLength(1);
  });
});

describe('the process', () => {
  it('ends with 1 and every problem on stderr, before it listens', async () => {
    gateway = startProcess({ PORT: 'x', LOG_LEVEL: 'loud', LUAAUTH_TOKEN: `${SECRET} `, GATEWAY_KEYS: ',' });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toEqual({
      stdout: '',
      stderr: [
        'The configuration has problems:',
        '  LUAAUTH_TOKEN: the given value (not shown) must be 1 to 512 visible ASCII characters without spaces.',
        `  GATEWAY_KEYS: key 1 of 2 (not shown) is empty, which happens if the variable for the key is not set; key 2 of 2 (not shown) is empty, which happens if the variable for the key is not set. ${KEY_ADVICE}`,
        '  PORT: "x": must be a whole number from 0 to 65535 (0: any free port).',
        '  LOG_LEVEL: "loud": must be one of trace, debug, info, warn, error, fatal, silent.',
        '',
      ].join('\n'),
    });
  });

  it('refuses to offer the key that it holds to everyone', async () => {
    const variables = { PORT: '0', HOST: '0.0.0.0', LUAAUTH_TOKEN: SECRET };
    const { code, stdout, stderr } = await run([], { variables });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('GATEWAY_KEYS: not set, but LUAAUTH_TOKEN is');
    expect(stderr).not.toContain(SECRET);
  });

  it('reads .env in its working directory, and lets what is set outside win', async () => {
    gateway = startProcess({ PORT: '0', GRAPHIQL: '' }, (cwd) => {
      writeFileSync(join(cwd, '.env'), '# a comment\nPORT=nonsense\nGRAPHIQL=nonsense\nREAD_ONLY=true\n');
    });
    const url = await gateway.listening();
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __schema { mutationType { name } } }' }),
    });
    expect(await response.json()).toEqual({ data: { __schema: { mutationType: null } } });
  });

  it('reads files as editors of Windows write them, with a mark before the text', async () => {
    const files = {
      '.env': '\uFEFFPORT=nonsense\r\nPERSISTED_DOCUMENTS_FILE=list.json\r\nTZ=UTC\r\n',
      'list.json': '\uFEFF{"a":"{ __typename }"}',
    };
    const { code, stderr } = await run([], { files });
    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        'The configuration has problems:',
        '  TZ: .env sets it, but there is no such variable. Remove it; "luaauth-graphql serve --help" lists all variables.',
        '  PORT: "nonsense": must be a whole number from 0 to 65535 (0: any free port).',
        '',
      ].join('\n'),
    );
  });

  it('says so when .env cannot be read', async () => {
    const { code, stderr } = await run([], { prepare: (cwd) => mkdirSync(join(cwd, '.env')) });
    expect(code).toBe(1);
    expect(stderr).toBe(
      'The configuration has problems:\n  .env: the file is a directory (EISDIR). Make it readable, or remove it.\n',
    );
  });
});

describe('several processes', () => {
  it('need Redis: without it each would count the quota for itself', () => {
    expect(problems({ WORKERS: '1' })).toEqual([]);
    expect(problems({ WORKERS: '2', REDIS_URL: 'redis://localhost:6379' })).toEqual([]);
    expect(problems({ WORKERS: '2' })).toEqual([
      'WORKERS: 2, but REDIS_URL is not set: each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave WORKERS out.',
    ]);
    expect(problems({ LUAAUTH_INSTANCES: '3' })).toEqual([
      'LUAAUTH_INSTANCES: set without REDIS_URL, so each process would count the quota of LuaAuth by itself. Set REDIS_URL, or leave LUAAUTH_INSTANCES out.',
    ]);
  });

  it('are no fewer by configuration than the workers', () => {
    const both = (LUAAUTH_INSTANCES: string) =>
      problems({ WORKERS: '3', LUAAUTH_INSTANCES, REDIS_URL: 'redis://localhost:6379' });
    expect(both('3')).toEqual([]);
    expect(both('2')).toEqual([
      'LUAAUTH_INSTANCES: 2, but WORKERS is 3: each worker counts, and some would have no share of the quota while Redis is lost. Set it to the number of all processes, or leave it out.',
    ]);
  });

  it('share what is under one prefix of one Redis, of which the password is never shown', () => {
    expect(config({}).redis).toBeUndefined();
    expect(config({ REDIS_URL_FILE: file('url', `rediss://me:${SECRET}@cache:6380/2\n`) }).redis).toEqual({
      url: `rediss://me:${SECRET}@cache:6380/2`,
      prefix: 'luaauth',
      isRequired: true,
      instances: undefined,
    });
    expect(
      config({
        REDIS_URL: 'redis://cache',
        REDIS_PREFIX: 'team:a',
        REDIS_REQUIRED: 'false',
        LUAAUTH_INSTANCES: '3',
      }).redis,
    ).toEqual({ url: 'redis://cache', prefix: 'team:a', isRequired: false, instances: 3 });
    const noDatabase = ['redis://cache/a', 'redis://cache/-1', 'redis://cache/1/2'];
    const others = ['localhost:6379', `http://me:${SECRET}@cache`, 'redis://', `redis://:%zz${SECRET}@cache`];
    for (const url of [...others, ...noDatabase]) {
      expect(problems({ REDIS_URL: url })).toEqual([
        'REDIS_URL: the given value (not shown) must be a percent-encoded URL such as redis://host:6379 or rediss://user:password@host:6380/0.',
      ]);
    }
  });
});

describe('keys that everyone can read in our own files', () => {
  const files = execFileSync('git', ['ls-files', 'README.md', 'docs', 'examples', '*.yaml', '.env.example'], {
    encoding: 'utf8',
  });
  const texts = files
    .trim()
    .split('\n')
    .filter((path) => /\.(?:md|ya?ml|sh|service|example)$/.test(path) && !path.includes('/test/'))
    .map(textOf);
  const found = (pattern: RegExp) => [
    ...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, key = '']) => key))),
  ];
  const LIVE = { LUAAUTH_API_URL: 'https://api.luaauth.com' };

  it.each([
    ...found(/\bLUAAUTH_TOKEN[=:] ?([\w$][\w$-]{3,})/g),
    ...Object.values(sandboxKeys),
    ...['your-luaauth-api-key', '$YOUR_KEY', '<key>', 'changeme'],
  ])('%s is no LUAAUTH_TOKEN outside the sandbox', (key) => {
    expect(problems({ ...LIVE, LUAAUTH_TOKEN: key })).toEqual([
      'LUAAUTH_TOKEN: the given value (not shown) contains a publicly known key from an example. Give the API key of your LuaAuth account.',
    ]);
    expect(problems({ LUAAUTH_API_URL: 'http://127.0.0.1:4001', LUAAUTH_TOKEN: key })).toEqual([]);
  });

  const gatewayKeys = found(/\b(?:GATEWAY_KEYS?|gateway-keys)[=:] ?([\w,=-]{16,})/g);
  it.each(gatewayKeys)('%s are no GATEWAY_KEYS outside the sandbox', (keys) => {
    const given = { LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: keys };
    expect(problems({ ...LIVE, ...given })).toEqual([
      expect.stringMatching(/^GATEWAY_KEYS: .* from an example/),
    ]);
    expect(problems(given)).toEqual([]);
  });

  it('are found in several files', () => expect(gatewayKeys.length).toBeGreaterThanOrEqual(2));

  it.each(found(/\bMETRICS_KEY[=:] ?([\w-]{8,})/g))('%s is no METRICS_KEY outside the sandbox', (key) => {
    expect(problems({ ...LIVE, METRICS_KEY: key })).toEqual([
      expect.stringMatching(/^METRICS_KEY: .* example/),
    ]);
  });
});
