import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { plain, startCollector } from '../features/tracing/collector.ts';
import { ask, jsonPost } from '../support/clients/json-post.ts';
import { bearer, keysFile } from '../support/clients/keys.ts';
import { useFolder } from '../support/gateways/configured.ts';
import { listen } from '../support/network/listen.ts';
import { INDEX } from '../support/processes/built.ts';
import { useCommandLine } from '../support/processes/command-line.ts';
import type { Variables } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';
import { NAME } from './processes.ts';

// What a feature does is tested in its own folder, without a process. Here is what only a process has: signals, an end, an output.

const folder = useFolder();
const { start: startCommand, closing } = useCommandLine();

const start = (variables: Variables, files: Readonly<Record<string, string>> = {}) =>
  startCommand([], { variables: { PORT: '0', ...variables }, files });

it('the metrics are served on the port that the process is told, and it says where', async () => {
  const gateway = start({ METRICS_PORT: '0' });
  const url = await gateway.listening();
  const { metricsUrl } = JSON.parse(gateway.output.stdout);
  expect(metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  await fetch(`${url}/graphql`);
  await eventually(async () =>
    expect(await (await fetch(metricsUrl)).text()).toContain(
      'luaauth_http_request_duration_seconds_count{path="/graphql"',
    ),
  );
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  gateway.signal('SIGTERM');
  expect(await gateway.ended).toBe(0);
});

it('the log leaves operations out above the level info', async () => {
  const gateway = start({ LOG_LEVEL: 'warn' });
  await ask(await gateway.listening(), NAME);
  gateway.signal('SIGTERM');
  expect(await gateway.ended).toBe(0);
  const lines = gateway.output.stdout.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['started', 'stopping', 'stopped']);
});

it('the audit file has each line when its write is answered, and is opened anew on SIGHUP', async () => {
  const path = join(folder.path, 'audit.log');
  const gateway = start(
    { LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS_FILE: 'keys.json', AUDIT_LOG_FILE: path },
    { 'keys.json': keysFile([{ name: 'deploy' }]) },
  );
  const url = await gateway.listening();
  const toggle = (id: string) =>
    ask(
      url,
      `mutation { toggleScript(input: { id: "${id}", enabled: true }) { __typename } }`,
      bearer('deploy'),
    );
  await toggle(seeded.scriptId);
  renameSync(path, `${path}.1`);
  gateway.signal('SIGHUP');
  await eventually(() => expect(existsSync(path)).toBe(true));
  await eventually(() => expect(gateway.output.stdout).toContain('AUDIT_LOG_FILE: opened again'));
  await toggle('nobody');
  gateway.signal('SIGKILL');
  await gateway.ended;
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const ended = { result: 'ToggleScriptSuccess', outcome: 'EXECUTED' };
  expect(read(`${path}.1`)).toMatchObject({ caller: 'deploy', ids: [seeded.scriptId], ...ended });
  const refused = { result: 'NotPermitted', outcome: 'NOT_EXECUTED' };
  expect(read(path)).toMatchObject({ caller: 'deploy', ids: ['nobody'], ...refused });
});

it('a bearer is let in whose token the process can verify', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] });
  const jwks = await listen(createServer((_request, response) => response.end(keys)));
  closing.push(jwks.close);
  const [issuer, audience] = ['https://id.example.com/', 'luaauth-gateway'];
  const token = await new SignJWT({ sub: 'somebody', scope: 'scripts:read', iss: issuer, aud: audience })
    .setProtectedHeader({ alg: 'ES256' })
    .setExpirationTime('5m')
    .sign(privateKey);
  const gateway = start({
    LUAAUTH_TOKEN: 'sandbox-key',
    GATEWAY_JWKS_URL: jwks.url,
    GATEWAY_JWT_ISSUER: issuer,
    GATEWAY_JWT_AUDIENCE: audience,
  });
  const url = await gateway.listening();
  expect(await ask(url, NAME, bearer(token))).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  expect(await ask(url, NAME, bearer('nobody'))).toMatchObject({
    errors: [expect.toBeError('UNAUTHENTICATED')],
  });
  expect(gateway.output.stdout + gateway.output.stderr).not.toContain(token);
});

describe('tracing', () => {
  /** Asks a gateway for operations, and ends it. */
  async function run(variables: Variables, bodies: readonly object[], files?: Record<string, string>) {
    const gateway = start(variables, files);
    const url = await gateway.listening();
    for (const body of bodies) await fetch(`${url}/graphql`, jsonPost(body, { token: 'sandbox-key' }));
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(0);
    return gateway.output.stdout;
  }
  const READ = `query Traced { script(id: "${seeded.scriptId}") { id } }`;

  it('delivers its spans to the collector, the last ones as the process ends', async () => {
    const collector = await startCollector();
    closing.push(collector.close);
    await run(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/base/`,
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
        PERSISTED_DOCUMENTS_FILE: 'documents.json',
      },
      [{ query: READ }, { documentId: 'listed' }],
      { 'documents.json': JSON.stringify({ listed: 'query Listed { __typename }' }) },
    );
    expect(new Set(collector.requests.map(({ path }) => path))).toEqual(new Set(['POST /base/v1/traces']));
    const [call, operation, listed] = collector.spans();
    expect([call?.name, operation?.name, listed?.name]).toEqual([
      'GET /scripts/:script_id',
      'query',
      'query Listed',
    ]);
    expect(call).toMatchObject({ traceId: operation?.traceId, parentSpanId: operation?.spanId });
    expect(plain(operation?.attributes ?? [])).toMatchObject({ 'graphql.operation.name': 'Traced' });
    expect(collector.resource()).toMatchObject({
      'service.name': 'luaauth-graphql',
      'deployment.environment': 'test',
    });
    expect(JSON.stringify(collector.requests)).not.toContain('sandbox-key');
  });

  it.each([
    ['as the process runs', '1'],
    ['as the process ends', '60000'],
  ])('goes on, and says so in the log, when the collector takes none %s', async (_when, delayMs) => {
    const collector = await startCollector(400);
    closing.push(collector.close);
    const variables = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/here`,
      OTEL_BSP_SCHEDULE_DELAY: delayMs,
    };
    const stdout = await run(variables, [{ query: READ }]);
    expect(collector.requests.map(({ path }) => path)).toContain('POST /here');
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
    const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level !== 'info');
    expect(lines.at(-1)).toContain('"msg":"stopped"');
    // Neither a stack nor the answer, which may quote the headers of a request.
    expect(new Set(warnings.map(({ msg }) => msg))).toEqual(new Set(['OpenTelemetry: Bad Request']));
    expect(lines.some((line) => line.includes('"operationName":"Traced"'))).toBe(true);
  });
});

it('a gateway in a program of its own writes unexpected errors to stderr, without any key', async () => {
  const [held, team] = ['sentinel-held-1b7e', 'sentinel-team-90ad'];
  const code = `
    import { createGateway, createTransport } from ${JSON.stringify(INDEX)};
    const ask = () => Promise.reject(new Error('lost ${held} of ${team}'));
    const gateway = createGateway({
      transport: { ...createTransport({ url: 'http://127.0.0.1:1' }), ask },
      credentials: { heldKey: '${held}', gatewayKeys: ['${team}'] },
    });
    const response = await gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ${team}' },
      body: '{"query":"{ script(id: 1) { name } }"}',
    });
    console.log(await response.text());`;
  const args = ['--input-type=module', '-e', code];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  const { errors } = JSON.parse(stdout);
  expect(errors).toMatchObject([expect.toBeError('INTERNAL_SERVER_ERROR')]);
  expect(JSON.parse(stderr)).toMatchObject({
    requestId: errors[0].extensions.requestId,
    err: { message: 'lost … of …' },
  });
  expect([held, team].filter((key) => (stdout + stderr).includes(key))).toEqual([]);
});
