import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { watchAnswers } from '../../../src/features/differences/watch-answers.ts';
import { createMetrics, type Metrics } from '../../../src/features/metrics/metrics.ts';
import { createMetricsRoute, startMetricsServer } from '../../../src/features/metrics/metrics-server.ts';
import * as features from '../../../src/features/process-features.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../../src/features/sandbox/server.ts';
import { loadFeatures } from '../../../src/server/features.ts';
import { openObservability } from '../../../src/server/open-observability.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { DELETE, TOGGLE } from '../../support/clients/mutations.ts';
import { openRaw } from '../../support/clients/raw-http.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { configOf } from '../../support/gateways/configured.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import { openGateway, type TestGatewayOptions } from '../../support/gateways/gateway.ts';
import { textOf } from '../../support/repository/repository.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { scriptId: id, freeForAllScriptId } = seeded;
const READ = 'GET /scripts/:script_id';

const { closing, open: openFixture, record } = useOpened();

/** The value of each series, by its name and labels as Prometheus is told them: `name{label="value"}`. */
async function readSeries(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => line.split(/ (?=\S+$)/) as [string, string]).map(([k, v]) => [k, Number(v)]),
  );
}

/** Those of the gateway's own series that begin with a name and are not zero. */
async function seriesOf(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const all = [...(await readSeries(metrics))];
  return Object.fromEntries(all.filter(([key, value]) => key.startsWith(name) && value !== 0));
}

/** How many requests to the REST API are over. */
async function answered(metrics: Metrics): Promise<number> {
  return (
    (await readSeries(metrics)).get(`luaauth_upstream_request_duration_seconds_count{endpoint="${READ}"}`) ??
    0
  );
}

async function open(options: Partial<TestGatewayOptions> = {}) {
  const metrics = createMetrics();
  const fixture = await openFixture({
    ...options,
    transport: { observer: metrics.upstream, ...options.transport },
    wrapAsk: (ask) => watchAnswers(ask, systemClock, [metrics.upstream]),
    observers: [metrics.operations],
  });
  return { ...fixture, metrics };
}

const ok: Respond = ({ line }, response) =>
  json(response, { success: true, script: { id: line.split('/').at(-1), name: 'x' } });

describe('the metrics of the REST API', () => {
  it('count each request by endpoint and outcome, as many as reached it', async () => {
    const { gateway, metrics, sandbox } = await open();
    await gateway.execute(SCRIPTS, { ids: [id, freeForAllScriptId, 'nope'] });
    await gateway.execute(TOGGLE, { input: { id, enabled: true } });
    expect(await seriesOf(metrics, 'luaauth_upstream_requests_total')).toEqual({
      [`luaauth_upstream_requests_total{endpoint="${READ}",outcome="ok"}`]: 2,
      [`luaauth_upstream_requests_total{endpoint="${READ}",outcome="refused"}`]: 1,
      'luaauth_upstream_requests_total{endpoint="POST /scripts/:script_id/toggle",outcome="ok"}': 1,
    });
    expect(sandbox.calls).toHaveLength(4);
    expect(
      (await readSeries(metrics)).get(`luaauth_upstream_request_duration_seconds_count{endpoint="${READ}"}`),
    ).toBe(3);
  });

  const clock = createManualClock();
  it.each<[outcome: string, respond: Respond, timeouts: number]>([
    ['unavailable', ({ socket }) => void socket.destroy(), 5_000],
    // Such a time passes by the clock alone, however busy the machine is.
    ['timeout', () => void clock.advance(5_000), 5_000],
    ['bad_response', (_call, response) => void response.end('<html>'), 5_000],
    [
      'rate_limited',
      (_call, response) => json(response, { success: false, error: { code: -1, message: 'ratelimited' } }),
      500,
    ],
  ])('call it %s when it is', async (outcome, respond, timeoutMs) => {
    const recorder = await record(respond);
    const timeouts = { read: timeoutMs, write: timeoutMs };
    const { gateway, metrics } = await open({ upstream: recorder.url, timeouts, transport: { clock } });
    await gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    expect(await seriesOf(metrics, 'luaauth_upstream_requests_total')).toEqual({
      [`luaauth_upstream_requests_total{endpoint="POST /scripts/:script_id/toggle",outcome="${outcome}"}`]:
        recorder.calls.length,
    });
    expect(recorder.calls.length).toBeGreaterThan(0);
  });

  it('tell what each read was answered by', async () => {
    const clock = createManualClock();
    let holding = true;
    const held: (() => void)[] = [];
    const recorder = await record((recorded, response) => {
      if (holding) held.push(() => void ok(recorded, response));
      else void ok(recorded, response);
    });
    const { gateway, metrics } = await open({
      upstream: recorder.url,
      transport: { clock, freshMs: 1_000, staleMs: 60_000, rate: 2 },
    });
    const both = [gateway.execute(SCRIPT, { id: 'a' }), gateway.execute(SCRIPT, { id: 'a' })];
    await eventually(() => expect(held).toHaveLength(1));
    // Both are known to wait for it before it is answered.
    await eventually(async () =>
      expect((await readSeries(metrics)).get('luaauth_upstream_requests_in_flight')).toBe(1),
    );
    const third = gateway.execute(SCRIPT, { id: 'b' });
    await eventually(() => expect(held).toHaveLength(2));
    holding = false;
    for (const release of held) release();
    await Promise.all([...both, third]);
    await gateway.execute(SCRIPT, { id: 'a' });
    await clock.advance(1_010);
    // The quota of two is used up by these, so that the next read gets the older entry.
    await gateway.execute(SCRIPTS, { ids: ['c', 'd'] });
    await gateway.execute(SCRIPT, { id: 'a' });
    expect(await seriesOf(metrics, 'luaauth_upstream_reads_total')).toEqual({
      'luaauth_upstream_reads_total{source="call"}': 4,
      'luaauth_upstream_reads_total{source="shared"}': 1,
      'luaauth_upstream_reads_total{source="fresh"}': 1,
      'luaauth_upstream_reads_total{source="stale"}': 1,
    });
  });

  it('show how many calls wait for their turn, and for how long they did', async () => {
    const clock = createManualClock();
    const recorder = await record(ok);
    const { gateway, metrics } = await open({ upstream: recorder.url, transport: { clock, rate: 2 } });
    const depth = async () => (await readSeries(metrics)).get('luaauth_upstream_queue_depth');
    const answer = gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c', 'd', 'e'] });
    await eventually(async () => expect(await answered(metrics)).toBe(2));
    expect(await depth()).toBe(3);
    await clock.advance(1_002);
    await eventually(async () => expect(await answered(metrics)).toBe(4));
    expect(await depth()).toBe(1);
    await clock.advance(1_002);
    await answer;
    expect(await depth()).toBe(0);
    expect((await readSeries(metrics)).get('luaauth_upstream_queue_wait_seconds_count')).toBe(5);
  });

  it('no longer count a call whose client left while it waited, but how long it did', async () => {
    const clock = createManualClock();
    const recorder = await record(ok);
    const { gateway, metrics } = await open({ upstream: recorder.url, transport: { clock, rate: 1 } });
    await gateway.execute(SCRIPT, { id: 'a' });
    const leaving = new AbortController();
    const answer = gateway.execute(SCRIPT, { id: 'b' }, undefined, leaving.signal).catch(() => 'left');
    const other = gateway.execute(SCRIPT, { id: 'c' }).catch(() => 'left');
    const depth = async () => (await readSeries(metrics)).get('luaauth_upstream_queue_depth');
    await eventually(async () => expect(await depth()).toBe(2));
    leaving.abort();
    await answer;
    await eventually(async () => expect(await depth()).toBe(1));
    await clock.advance(1_002);
    await other;
    await eventually(async () => expect(await depth()).toBe(0));
    expect((await readSeries(metrics)).get('luaauth_upstream_queue_wait_seconds_count')).toBe(3);
  });

  it('count retries, and follow the breaker', async () => {
    const clock = createManualClock();
    let respond: Respond = (_call, response) => void response.writeHead(503).end();
    const recorder = await record((recorded, response) => respond(recorded, response));
    const { gateway, metrics } = await open({
      upstream: recorder.url,
      transport: { clock, random: () => 0 },
    });
    const stateOf = () => seriesOf(metrics, 'luaauth_upstream_breaker_state');
    const stateIs = (state: string) => ({ [`luaauth_upstream_breaker_state{state="${state}"}`]: 1 });
    expect(await stateOf()).toEqual(stateIs('closed'));
    await gateway.execute(SCRIPT, { id: 'a' });
    expect(await seriesOf(metrics, 'luaauth_upstream_retries_total')).toEqual({
      [`luaauth_upstream_retries_total{endpoint="${READ}"}`]: recorder.calls.length - 1,
    });
    expect(recorder.calls).toHaveLength(3);
    for (let round = 0; round < 4; round += 1) await gateway.execute(SCRIPT, { id: 'a' });
    expect(await stateOf()).toEqual(stateIs('open'));

    const probes: (() => void)[] = [];
    respond = (recorded, response) => void probes.push(() => void ok(recorded, response));
    await clock.advance(1_001);
    const probe = gateway.execute(SCRIPT, { id: 'a' });
    await eventually(() => expect(probes).toHaveLength(1));
    expect(await stateOf()).toEqual(stateIs('half_open'));
    probes[0]?.();
    await probe;
    expect(await stateOf()).toEqual(stateIs('closed'));
  });

  it('count no retry that is never sent', async () => {
    // Later than any deadline.
    const recorder = await record(
      (_call, response) =>
        void response
          .writeHead(429, { 'retry-after': '200' })
          .end('{"success":false,"message":"ratelimited"}'),
    );
    const { gateway, metrics } = await open({ upstream: recorder.url });
    const { errors } = await gateway.execute(SCRIPT, { id: 'a' });
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['RATE_LIMITED']);
    expect(recorder.calls).toHaveLength(1);
    expect(await seriesOf(metrics, 'luaauth_upstream_retries_total')).toEqual({});
  });
});

describe('the metrics of operations', () => {
  it('count operations and their errors', async () => {
    const { gateway, metrics } = await open();
    await gateway.execute(SCRIPT, { id });
    await gateway.execute(SCRIPT, { id });
    await gateway.execute(SCRIPT, { id: 'nope' });
    await gateway.execute('{ nothing }');
    const operation = 'operation_name="ReadScript",operation_type="query"';
    const anonymous = 'operation_name="Anonymous",operation_type="query"';
    await eventually(async () =>
      expect(await seriesOf(metrics, 'luaauth_operation_duration_seconds_count')).toEqual({
        [`luaauth_operation_duration_seconds_count{${operation}}`]: 3,
        [`luaauth_operation_duration_seconds_count{${anonymous}}`]: 1,
      }),
    );
    expect(await seriesOf(metrics, 'luaauth_http_request_duration_seconds_count')).toEqual({
      'luaauth_http_request_duration_seconds_count{path="/graphql",method="POST",status="200"}': 4,
    });
    expect(await seriesOf(metrics, 'luaauth_operation_errors_total')).toEqual({
      [`luaauth_operation_errors_total{phase="execute",code="FORBIDDEN",${operation}}`]: 1,
      [`luaauth_operation_errors_total{phase="validate",code="GRAPHQL_VALIDATION_FAILED",${anonymous}}`]: 1,
    });
  });

  it('give a name of its own only to an operation that has gone well with a key, and to so many', async () => {
    const { gateway, metrics } = await open();
    const names = async () => {
      const series = Object.keys(await seriesOf(metrics, 'luaauth_operation_duration_seconds_count'));
      return new Set(series.map((one) => /operation_name="(\w+)"/.exec(one)?.[1]));
    };
    const read = `{ script(id: "${id}") { id } }`;
    await gateway.execute(`query Keyless ${read}`, {}, {});
    await gateway.execute('query Typename { __typename }');
    await gateway.execute(`query ${'x'.repeat(101)} ${read}`);
    await gateway.execute('{ a: __typename }');
    await eventually(async () => expect(await names()).toEqual(new Set(['other', 'Anonymous'])));
    for (let number = 0; number < 230; number += 1) await gateway.execute(`query N${number} ${read}`);
    await eventually(async () => expect(await names()).toContain('N199'));
    expect((await names()).size).toBe(202);
    expect(await names()).not.toContain('N200');
  });

  it('show no key, whatever a client calls itself and its operation', async () => {
    const key = 'a_gateway_key';
    const { gateway, metrics } = await open({
      credentials: { heldKey: 'sandbox-key', gatewayKeys: [key] },
    });
    const client = { 'graphql-client-name': `of ${key}`, 'graphql-client-version': key };
    // Another key may be a part of it.
    const headers = { ...bearer(key), token: key.slice(0, 10), ...client };
    await gateway.execute(`query of_${key} { script(id: "${id}") { id } }`, {}, headers);
    await eventually(async () => expect(await metrics.text()).toContain('operation_name="other"'));
    expect(await metrics.text()).toContain('client_name="of …",client_version="…"');
    expect(await metrics.text()).not.toContain(key);
  });

  it('count operations by caller and client, their calls and their writes, however many clients there are', async () => {
    const { url: upstream } = await record(answerPlainly);
    const keyRing = ringOf([{ name: 'deploy' }, { name: 'reader', scopes: ['scripts:read'] }]);
    const { gateway, metrics } = await open({ upstream, credentials: { heldKey: 'held', keyRing } });
    const by = (key: string, client = 'dash') => ({
      ...bearer(key),
      'graphql-client-name': client,
      'graphql-client-version': '1.2.3',
    });
    await gateway.execute(SCRIPT, { id: 'a' }, by('deploy'));
    await gateway.execute(DELETE, { input: { id: 'a' } }, by('reader'));
    for (let index = 0; index < 150; index += 1)
      await gateway.execute(SCRIPT, { id: `b${index}` }, by('deploy', `made-up-${index}`));
    const clients = await seriesOf(metrics, 'luaauth_operations_total');
    const labels = 'client_name="dash",client_version="1.2.3"';
    expect(clients).toMatchObject({
      [`luaauth_operations_total{caller="deploy",${labels},operation_type="query"}`]: 1,
      [`luaauth_operations_total{caller="reader",${labels},operation_type="mutation"}`]: 1,
    });
    expect(Object.keys(clients).length).toBeLessThanOrEqual(103);
    expect(Object.keys(clients).join()).toContain('client_name="other"');
    expect(await seriesOf(metrics, 'luaauth_caller_calls_total')).toEqual({
      'luaauth_caller_calls_total{caller="deploy"}': 151,
    });
    expect(await seriesOf(metrics, 'luaauth_writes_total')).toEqual({
      'luaauth_writes_total{caller="reader",mutation="deleteScript",outcome="NOT_EXECUTED"}': 1,
    });
  });

  it('take no path or method of a client for a label', async () => {
    const { gateway, metrics } = await open();
    await fetch(`${gateway.url}/sentinel-path?key=sentinel-query`);
    await fetch(`${gateway.url}/graphql`, { method: 'DELETE' });
    // Machines ask for these all the time.
    for (const path of ['/health', '/readiness', '/health?x']) await fetch(`${gateway.url}${path}`);
    await eventually(async () =>
      expect(
        Object.keys(await seriesOf(metrics, 'luaauth_http_request_duration_seconds_count')).map((one) =>
          [.../(path|method|status)="([^"]*)"/g[Symbol.matchAll](one)].map(([, , value]) => value),
        ),
      ).toEqual([
        ['other', 'GET', '404'],
        ['/graphql', 'other', '405'],
      ]),
    );
  });
});

describe('the metrics', () => {
  it('on the port of the gateway are for who presents their key', async () => {
    const metrics = createMetrics({ key: 'metrics-key' });
    const sandbox = await startSandbox();
    closing.push(sandbox.close);
    const gateway = await openGateway({ upstream: sandbox.url, pages: [createMetricsRoute(metrics)] });
    closing.push(gateway.close);
    const read = (headers: Record<string, string>) => fetch(`${gateway.url}/metrics`, { headers });
    for (const headers of [
      {},
      { authorization: 'Bearer other' },
      { authorization: 'metrics-key' },
      { token: 'metrics-key' },
    ]) {
      const refused = await read(headers as Record<string, string>);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
      expect(await refused.text()).toBe(
        'The metrics need METRICS_KEY. Send it as "Authorization: Bearer <key>".\n',
      );
    }
    const answer = await read({ authorization: 'Bearer metrics-key' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const text = await answer.text();
    expect(text).toContain('# TYPE luaauth_upstream_requests_total counter');
    expect(text).toContain('# TYPE process_cpu_seconds_total counter');
  });

  it('are nowhere on a gateway that keeps none', async () => {
    const sandbox = await startSandbox();
    closing.push(sandbox.close);
    const gateway = await openGateway({ upstream: sandbox.url });
    closing.push(gateway.close);
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
  });

  it('on a port of their own are the only thing there', async () => {
    const metrics = createMetrics({ key: 'k' });
    const server = await startMetricsServer(metrics, { host: '127.0.0.1', port: 0 }, () => undefined);
    closing.push(server.close);
    expect((await fetch(server.url)).status).toBe(401);
    const headers = { authorization: 'Bearer k' };
    expect(await (await fetch(server.url, { headers })).text()).toContain('luaauth_upstream_queue_depth 0');
    expect((await fetch(server.url, { method: 'HEAD', headers })).status).toBe(200);
    expect((await fetch(server.url, { method: 'POST', headers })).status).toBe(404);
    expect((await fetch(new URL('/graphql', server.url), { headers })).status).toBe(404);
  });
});

describe('the port of the metrics', () => {
  it('is told when it is taken', async () => {
    const recorder = await record(ok);
    const { port } = new URL(recorder.url);
    const at = { host: '127.0.0.1', port: Number(port) };
    await expect(startMetricsServer(createMetrics(), at, () => undefined)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port} (EADDRINUSE), because a program listens there: stop it, or set METRICS_HOST and METRICS_PORT to a free address.`,
    );
  });

  const held = {
    METRICS_PORT: '0',
    LUAAUTH_API_URL: 'http://127.0.0.1:9',
    LUAAUTH_TOKEN: 'held-by-the-gateway',
  };
  const GATEWAY_KEYS = 'a-Vd8sK2mQ41xZ9kTq7';

  it.each<[what: string, more: Record<string, string>, host: string, status: number]>([
    ['refuses another host name where callers need no key', {}, 'evil.example', 403],
    ['answers to a loopback name', {}, 'localhost', 200],
    ['answers to every name where callers need a key', { GATEWAY_KEYS }, 'evil.example', 200],
    [
      'answers to every name where a scraper needs a key',
      { METRICS_KEY: 'of-the-scraper-Vd8s' },
      'evil.example',
      401,
    ],
    ['refuses two host names', {}, 'localhost\r\nHost: localhost', 400],
  ])('%s', async (_what, more, host, status) => {
    const config = configOf({ ...held, ...more });
    const { metricsUrl = '', close } = await openObservability(config, await loadFeatures(config, features));
    closing.push(close);
    const client = await openRaw(metricsUrl);
    client.socket.write(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await client.closed).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});

/** A query for Prometheus, and the alert or panel that asks it. */
interface PromQuery {
  readonly title: string;
  readonly expr: string;
}

/** Whether the gateway has each series that is asked for, with each label. */
async function expectSeriesFor(queries: readonly PromQuery[]) {
  const recorder = await record(({ line }, response) =>
    line.endsWith('/odd') ? json(response, { success: true }) : void response.writeHead(503).end(),
  );
  const { gateway, metrics } = await open({ upstream: recorder.url, transport: { random: () => 0 } });
  await gateway.execute(SCRIPT, { id: 'odd' });
  await gateway.execute(SCRIPT, { id: 'a' });
  await gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
  await eventually(async () => expect(await answered(metrics)).toBe(4));
  await eventually(async () =>
    expect(await metrics.text()).toContain('luaauth_operation_duration_seconds_count{'),
  );
  metrics.online.sampled('a', 1);
  const keys = [...(await readSeries(metrics)).keys()];
  for (const { title, expr } of queries) {
    // The only one that Prometheus makes.
    const names = [...new Set(expr.match(/\b(?:graphql|luaauth|process|nodejs)_\w+|\bup\b/g) ?? [])];
    expect([title, names.length]).not.toEqual([title, 0]);
    const labels = [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...expr.matchAll(/\b(\w+)[=!]~?"/g)].map(([, label = '']) => label),
    ].filter((label) => label !== 'job' && label !== 'instance');
    for (const name of names.filter((one) => one !== 'up')) {
      const series = keys.filter((key) => key === name || key.startsWith(`${name}{`));
      expect([title, name, series.length > 0]).toEqual([title, name, true]);
      const missing = labels.filter((label) => !series.some((key) => key.includes(`${label}="`)));
      expect([title, name, missing]).toEqual([title, name, []]);
    }
  }
}

describe('the alert rules', () => {
  interface Rule {
    readonly alert: string;
    readonly expr: string;
  }
  const { groups } = parse(textOf('examples/prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  it('ask for nothing but series and labels that there are', async () => {
    expect(rules.length).toBeGreaterThan(9);
    await expectSeriesFor(rules.map(({ alert, expr }) => ({ title: alert, expr })));
  });
});

describe('the dashboard', () => {
  const dashboard = JSON.parse(textOf('examples/grafana/dashboard.json')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );

  it('asks for nothing but series and labels that there are', async () => {
    expect(queries.length).toBeGreaterThan(20);
    await expectSeriesFor(queries);
  });

  it('shows everything that the gateway counts of LuaAuth', async () => {
    const body = await createMetrics().text();
    const own = [...body.matchAll(/^# TYPE (luaauth_\w+)/gm)].map(([, name = '']) => name);
    expect(own.length).toBeGreaterThanOrEqual(8);
    expect(own.filter((name) => !queries.some(({ expr }) => expr.includes(name)))).toEqual([]);
  });
});
