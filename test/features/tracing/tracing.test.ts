import { type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { createTracing } from '../../../src/features/tracing/tracing.ts';
import type { RequestObserver } from '../../../src/observability/request-record.ts';
import { json } from '../../support/api/recorder.ts';
import { jsonPost } from '../../support/clients/json-post.ts';
import { sha256 } from '../../support/clients/keys.ts';
import { TOGGLE } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import type { TestGatewayOptions } from '../../support/gateways/gateway.ts';
import { openLog } from '../../support/gateways/log-lines.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { scriptId: id, freeForAllScriptId } = seeded;
const READ = 'GET /scripts/:script_id';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const { closing, open: openFixture, record } = useOpened();

/** A gateway whose spans a test can read. */
async function open({
  listed = new Set<string>(),
  ...options
}: Partial<TestGatewayOptions> & { listed?: Set<string> } = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracing = createTracing(provider.getTracer('test'), listed);
  const fixture = await openFixture({
    ...options,
    transport: { observer: tracing.upstream, ...options.transport },
    observers: [tracing.operations, ...(options.observers ?? [])],
  });
  /** The spans, as soon as there are so many, in the order in which they ended. */
  const read = async (count: number): Promise<ReadableSpan[]> => {
    await eventually(() => expect(exporter.getFinishedSpans().length).toBeGreaterThanOrEqual(count));
    return exporter.getFinishedSpans();
  };
  return { ...fixture, read };
}

it('a span shows no key, wherever a client puts it', async () => {
  const { gateway, read } = await open();
  const key = 'a_made_up_key';
  const headers = {
    token: key,
    'graphql-client-name': `of ${key}`,
    'x-request-id': `of.${key}`,
    traceparent: `00-${TRACE}-${PARENT}-01`,
    tracestate: `of=${key}`,
  };
  await gateway.execute(`query of_${key} { script(id: "${key}") { name } }`, undefined, headers);
  const spans = await read(2);
  expect(spans.at(-1)?.attributes).toMatchObject({
    'graphql.client.name': 'of …',
    'graphql.operation.name': 'of_…',
    'luaauth.request_id': 'of.…',
  });
  const shown = spans.map((span) => [span.name, span.attributes, span.spanContext().traceState?.serialize()]);
  expect(JSON.stringify(shown)).not.toContain(key);
});

it('a span names the caller and the client', async () => {
  const { gateway, read } = await open({
    credentials: { heldKey: 'sandbox-key', gatewayKeys: ['dashboard=key-of-the-dashboard'] },
  });
  await gateway.execute(
    SCRIPT,
    { id },
    {
      authorization: 'Bearer key-of-the-dashboard',
      'apollographql-client-name': 'web',
      'apollographql-client-version': '2.0',
    },
  );
  const span = (await read(2)).at(-1);
  expect(span?.attributes).toMatchObject({
    'luaauth.caller': 'dashboard',
    'graphql.client.name': 'web',
    'graphql.client.version': '2.0',
  });
});

const nameAndParent = (span: ReadableSpan) => [span.name, span.parentSpanContext?.spanId];

describe('a trace', () => {
  it('has a span of the operation, and one below it for each REST call', async () => {
    const { gateway, sandbox, read } = await open();
    const headers = { token: 'sandbox-key', 'x-request-id': 'r-1' };
    await gateway.execute(SCRIPTS, { ids: [id, freeForAllScriptId] }, headers);
    const spans = await read(3);
    const operation = spans.at(-1) as ReadableSpan;
    const { traceId, spanId } = operation.spanContext();
    expect(spans.map(nameAndParent)).toEqual([
      [READ, spanId],
      [READ, spanId],
      ['query', undefined],
    ]);
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
    expect(operation).toMatchObject({
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/graphql',
        'http.response.status_code': 200,
        'graphql.operation.type': 'query',
        'graphql.operation.name': 'ReadScripts',
        'graphql.document.hash': `sha256:${sha256(print(SCRIPTS))}`,
        'luaauth.request_id': 'r-1',
        'luaauth.calls': 2,
        'luaauth.shared': 0,
        'luaauth.fresh': 0,
        'luaauth.stale': 0,
      },
    });
    expect(spans[0]).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: {
        'http.request.method': 'GET',
        'url.template': '/scripts/:script_id',
        'luaauth.outcome': 'ok',
      },
    });
    const shown = JSON.stringify(spans.map(({ attributes, events }) => [attributes, events]));
    expect(shown).not.toContain(id);
    expect(shown).not.toContain(new URL(sandbox.url).port);
  });

  it('of a client is continued, and is not sent on to the REST API', async () => {
    const { gateway, sandbox, read } = await open();
    const headers = {
      token: 'sandbox-key',
      traceparent: `00-${TRACE}-${PARENT}-01`,
      tracestate: 'vendor=1',
      baggage: 'a=1',
    };
    await gateway.execute(SCRIPT, { id }, headers);
    const [call, operation] = await read(2);
    expect(operation?.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: PARENT, isRemote: true });
    expect(operation?.spanContext().traceState?.serialize()).toBe('vendor=1');
    expect(call?.spanContext().traceId).toBe(TRACE);
    const sent = sandbox.calls[0]?.headers ?? {};
    expect(Object.keys(sent).filter((name) => /trace|baggage/.test(name))).toEqual([]);
    expect(JSON.stringify(sandbox.calls)).not.toContain(TRACE);
  });

  it('that a client does not record is not recorded', async () => {
    const { gateway, read } = await open();
    const headers = (flags: string) => ({
      token: 'sandbox-key',
      traceparent: `00-${TRACE}-${PARENT}-${flags}`,
    });
    await gateway.execute(SCRIPT, { id }, headers('00'));
    await gateway.execute('query Recorded { __typename }', {}, headers('01'));
    expect((await read(1)).map(({ name }) => name)).toEqual(['query']);
  });

  it.each([
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}`,
    'nonsense',
  ])('begins anew when the client names it wrongly: %s', async (traceparent) => {
    const { gateway, read } = await open();
    await gateway.execute('{ __typename }', {}, { traceparent });
    const [operation] = await read(1);
    expect(operation?.parentSpanContext).toBeUndefined();
    expect(operation?.spanContext().traceId).not.toBe(TRACE);
  });

  it('has a span for a request that runs no operation, and no span for a probe', async () => {
    const { gateway, read } = await open();
    await fetch(`${gateway.url}/health`);
    await fetch(`${gateway.url}/nowhere`);
    await gateway.execute('query Unknown { nothing }');
    await gateway.execute('{');
    const spans = await read(2);
    expect(
      spans.map(({ name, status, attributes }) => [name, status.code, attributes['luaauth.error_codes']]),
    ).toEqual([
      ['query', SpanStatusCode.ERROR, ['GRAPHQL_VALIDATION_FAILED']],
      ['GraphQL Operation', SpanStatusCode.ERROR, ['GRAPHQL_PARSE_FAILED']],
    ]);
  });

  it('shows each try, and that it was one', async () => {
    let tries = 0;
    const recorder = await record((_call, response) => {
      tries += 1;
      if (tries === 1) response.writeHead(503).end();
      else json(response, { success: true, script: { id: 'a', name: 'x' } });
    });
    const { gateway, read } = await open({ upstream: recorder.url, transport: { random: () => 0 } });
    await gateway.execute(SCRIPT, { id: 'a' });
    const [first, second, operation] = await read(3);
    expect(first).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'luaauth.outcome': 'unavailable', 'error.type': 'unavailable' },
    });
    expect(second?.attributes['luaauth.outcome']).toBe('ok');
    expect(operation?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['retry', { 'url.template': '/scripts/:script_id' }],
    ]);
    expect(operation?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('says when things happened in an operation and how long it took, though the clock of the day is set meanwhile', async () => {
    const timeOfDay = Date.now;
    closing.push(async () => {
      Date.now = timeOfDay;
    });
    let tries = 0;
    const recorder = await record((_call, response) => {
      tries += 1;
      Date.now = () => timeOfDay() + 3_600_000;
      if (tries === 1) response.writeHead(503).end();
      else json(response, { success: true, script: { id: 'a', name: 'x' } });
    });
    const { gateway, read } = await open({ upstream: recorder.url, transport: { random: () => 0 } });
    await gateway.execute(SCRIPT, { id: 'a' });
    const spans = await read(3);
    for (const { duration } of spans) expect(duration[0]).toBeLessThan(1_800);
    const { startTime, events } = spans[2] as ReadableSpan;
    expect((events[0]?.time[0] ?? 0) - startTime[0]).toBeLessThan(1_800);
  });

  it('names a span after its operation where the document is listed, and after nothing that a client makes up', async () => {
    const listed = 'query Listed { __typename } query Other { __typename }';
    const hash = sha256(listed);
    const persisted = { mode: 'allowed', listed: new Map([['listed', listed]]) } as const;
    const { gateway, read } = await open({ persisted, listed: new Set([hash]) });
    for (const body of [
      { documentId: 'listed', operationName: 'Listed' },
      { query: listed, operationName: 'Other' },
      { query: listed, operationName: 'MadeUp' },
      { query: `${listed} `, operationName: 'Listed' },
    ])
      await fetch(`${gateway.url}/graphql`, jsonPost(body));
    const shown = (await read(4)).map(({ name, attributes }) => [name, attributes['graphql.document.hash']]);
    expect(shown).toEqual([
      ['query Listed', `sha256:${hash}`],
      ['query Other', `sha256:${hash}`],
      ['GraphQL Operation', undefined],
      ['query', `sha256:${sha256(`${listed} `)}`],
    ]);
  });

  it('is named in each line of the log that is about its operation, so that one leads to the other', async () => {
    const { log, lines } = openLog();
    const { gateway, read } = await open({ observers: [log.operations as RequestObserver] });
    await gateway.execute(TOGGLE, { input: { id, enabled: true } });
    await gateway.execute('{ nothing }');
    await gateway.execute('{');
    const [first, second, third] = (await read(4))
      .filter(({ kind }) => kind === SpanKind.SERVER)
      .map((span) => span.spanContext());
    await eventually(() => expect(lines).toHaveLength(4));
    const named = (msg: string, span?: SpanContext) => [msg, span?.traceId, span?.spanId];
    const told = lines.map((line) => JSON.parse(line));
    expect(told.map(({ msg, trace_id, span_id }) => [msg, trace_id, span_id])).toEqual([
      named('mutation', first),
      named('operation', first),
      named('operation', second),
      named('operation', third),
    ]);
  });

  it('shows the wait for the quota', async () => {
    const clock = createManualClock();
    const recorder = await record((_call, response) =>
      json(response, { success: true, script: { id: 'a', name: 'x' } }),
    );
    const { gateway, read } = await open({ upstream: recorder.url, transport: { clock, rate: 1 } });
    const answer = gateway.execute(SCRIPTS, { ids: ['a', 'b'] });
    const [first] = await read(1);
    expect(first?.name).toBe(READ);
    await clock.advance(1_002);
    await answer;
    const names = (await read(4)).map(({ name }) => name);
    expect(names.toSorted()).toEqual([READ, READ, 'query', 'wait for the quota']);
  });
});
