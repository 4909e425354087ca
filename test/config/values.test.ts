import { describe, expect, it } from 'vitest';
import { ROWS, VARIABLE_NAMES } from '../../src/config/env-variables.ts';
import type { Environment } from '../../src/config/environment.ts';
import { readText } from '../../src/config/text-kinds.ts';
import { configOf } from '../support/gateways/configured.ts';

const SECRET = 'sentinel-5f0c';
const [ONE, TWO] = ['one-Vd8sK2mQ41xZ', 'two-n7Yw3RtC90pL'];
const REDIS = { REDIS_URL: 'redis://cache' };
const COLLECTOR = 'http://collector:4318/base/';
const TWENTY_IDS = Array.from({ length: 20 }, (_, index) => `id${index}`).join(',');

/** An environment, and members of its configuration. */
const VALUES: readonly [environment: Environment, members: object][] = [
  // By default: the sandbox, on loopback, with the key of each caller.
  [
    {},
    {
      apiUrl: undefined,
      credentials: { heldKey: undefined, gatewayKeys: undefined },
      host: '127.0.0.1',
      port: 4000,
      graphiql: true,
      readOnly: false,
      timeouts: { read: 10_000, write: 25_000 },
      graceMs: 30_000,
      logLevel: 'info',
      redis: undefined,
      rate: 50,
      totalRate: 200,
    },
  ],
  [{ LUAAUTH_API_URL: 'https://a.b/base' }, { apiUrl: new URL('https://a.b/base') }],
  [
    { LUAAUTH_TOKEN: 'held', GATEWAY_KEYS: `${ONE}, ${TWO}` },
    { credentials: { heldKey: 'held', gatewayKeys: [ONE, TWO] } },
  ],
  [
    { HOST: '0.0.0.0', PORT: '0' },
    { host: '0.0.0.0', port: 0 },
  ],
  [{ READ_ONLY: '1' }, { readOnly: true }],
  [{ LUAAUTH_TIMEOUT_MS: '100000' }, { timeouts: { read: 100_000, write: 250_000 } }],
  [{ SHUTDOWN_GRACE_MS: '1' }, { graceMs: 1 }],
  [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
  [{ TRUSTED_PROXY: 'X-Forwarded-For' }, { trustedProxy: 'x-forwarded-for' }],
  ...[
    ['250', 250],
    ['500ms', 500],
    ['2s', 2_000],
    ['1 s', 1_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
  ].map(([FRESH_MS, freshMs]): [Environment, object] => [{ FRESH_MS: String(FRESH_MS) }, { freshMs }]),
  ...[
    ['1000', 1_000],
    ['4MB', 4 * 1024 * 1024],
    ['64 kB', 64 * 1024],
    ['12b', 12],
    ['0', Number.POSITIVE_INFINITY],
  ].map(([MAX_BODY_BYTES, maxBodyBytes]): [Environment, object] => [
    { MAX_BODY_BYTES: String(MAX_BODY_BYTES) },
    { maxBodyBytes },
  ]),
  [
    { CACHE_TTL: 'executions=1m, ads = 10m,users=0' },
    { freshMsFor: { executions: 60_000, ads: 600_000, users: 0 } },
  ],
  [{ LUAAUTH_RATE: '10' }, { totalRate: 40 }],
  [{ LUAAUTH_RATE: '0' }, { totalRate: 0 }],
  [{ LUAAUTH_RATE: '10', LUAAUTH_TOTAL_RATE: '25' }, { totalRate: 25 }],
  [{ LUAAUTH_TOTAL_RATE: '0' }, { totalRate: 0 }],
  [
    { NODE_ENV: 'production', LUAAUTH_SANDBOX: 'true' },
    { graphiql: false, apiUrl: undefined },
  ],
  [{ NODE_ENV: 'production', LUAAUTH_SANDBOX: 'true', GRAPHIQL: 'true' }, { graphiql: true }],
  [{ NODE_ENV: 'development' }, { graphiql: true }],
  [{ GRAPHIQL: 'off' }, { graphiql: false }],
  [{ METRICS_HOST: '0.0.0.0' }, { metrics: undefined }],
  [{ METRICS_PORT: '9464' }, { metrics: { host: '127.0.0.1', port: 9464, key: undefined } }],
  [{ METRICS_KEY: 'k' }, { metrics: { host: '127.0.0.1', port: undefined, key: 'k' } }],
  [
    { METRICS_KEY: 'k', METRICS_PORT: '0', METRICS_HOST: '0.0.0.0' },
    { metrics: { host: '0.0.0.0', port: 0, key: 'k' } },
  ],
  [
    { METRICS_SCRIPTS: `${TWENTY_IDS}, id3`, LUAAUTH_TOKEN: 'held' },
    { metricsScripts: TWENTY_IDS.split(',') },
  ],
  [{}, { tracesUrl: undefined }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }, { tracesUrl: new URL('v1/traces', COLLECTOR) }],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a/b' }, { tracesUrl: new URL('http://a/b') }],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a/b' },
    { tracesUrl: new URL('http://a/b') },
  ],
  [{ ...REDIS }, { redis: { url: 'redis://cache', prefix: 'luaauth' } }],
  [
    { ...REDIS, REDIS_PREFIX: 'team:a', LUAAUTH_INSTANCES: '3' },
    { redis: { prefix: 'team:a', instances: 3 } },
  ],
];

it.each(VALUES)('%j is read as %j', (environment, members) => {
  expect(configOf(environment)).toMatchObject(members);
});

it('a unit is taken wherever a default is a time or a size', () => {
  const named = (words: string) =>
    ROWS.filter(([, { allowed }]) => allowed.startsWith(words)).map(([name]) => name);
  expect(named('milliseconds')).toEqual(VARIABLE_NAMES.filter((name) => /_MS$/.test(name)));
  expect(named('bytes')).toEqual(VARIABLE_NAMES.filter((name) => name.endsWith('_BYTES')));
});

describe('a note', () => {
  const LIVE = { LUAAUTH_API_URL: 'https://api.luaauth.com' };
  it.each<[environment: Environment, note: RegExp | undefined]>([
    [{}, undefined],
    [LIVE, undefined],
    [{ LUAAUTH_RATE: '0' }, undefined],
    [
      { ...LIVE, LUAAUTH_RATE: '0' },
      /^LUAAUTH_RATE: 0 means no limit, which is more than the 50 calls per second that LuaAuth documents/,
    ],
    [{ LUAAUTH_API_URL: 'http://127.0.0.1:4001', LUAAUTH_TOKEN: SECRET, LUAAUTH_RATE: '0' }, undefined],
    [{ ...LIVE, LUAAUTH_RATE: '51' }, /^LUAAUTH_RATE: 51 is more than the 50 calls per second/],
    [{ LUAAUTH_RATE: '5' }, undefined],
    [{ SHUTDOWN_GRACE_MS: '30', OPERATION_TIMEOUT_MS: '30' }, undefined],
    [{ ...LIVE, SHUTDOWN_GRACE_MS: '1s', OPERATION_TIMEOUT_MS: '1s' }, undefined],
    [
      { ...LIVE, OPERATION_TIMEOUT_MS: '30' },
      /^OPERATION_TIMEOUT_MS: 30 ms may be less .*\. Did you mean 30s\?$/,
    ],
    [
      { ...LIVE, SHUTDOWN_GRACE_MS: '0' },
      /^SHUTDOWN_GRACE_MS: 0 ms may be less than an answer of LuaAuth takes\.$/,
    ],
    [{ NODE_ENV: 'prod' }, /^NODE_ENV: "prod" has no effect\. Did you mean production\?/],
    [
      { ...LIVE, LUAAUTH_TOKEN: SECRET },
      /^LUAAUTH_TOKEN: set without GATEWAY_KEYS, so every process of this machine may use the key\./,
    ],
    [{ ...LIVE, LUAAUTH_TOKEN: SECRET, GATEWAY_KEYS: ONE }, undefined],
  ])('for %j is %s', (environment, note) => {
    const { notes } = configOf(environment);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
    expect(notes.join()).not.toContain(SECRET);
  });
});

it('every default is an allowed value', () => {
  const defaults = ROWS.filter(([, { byDefault }]) => byDefault !== undefined);
  expect(defaults.length).toBeGreaterThan(20);
  expect(defaults.filter(([, row]) => readText(row, row.byDefault ?? '') === undefined)).toEqual([]);
});
