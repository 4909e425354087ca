import { describe, expect, it } from 'vitest';
import { type ProxyAnswer, SANDBOX_RAY } from '../../src/features/sandbox/faults.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import { openLog } from '../support/gateways/log-lines.ts';
import { quiet } from '../support/network/network.ts';
import { arrival, expectCalls } from '../support/vitest/waiting.ts';

const id = seeded.scriptId;

interface Row {
  readonly answer: ProxyAnswer;
  readonly code: string;
  /** How often a read is tried, and a write. */
  readonly tries: number;
  readonly writeTries: number;
  readonly outcome: 'NOT_EXECUTED' | 'UNKNOWN';
  /** Whether the circuit breaker counts it. */
  readonly counts: boolean;
  readonly isBlocked?: true;
}

const cloudflare = (status: number, page?: ProxyAnswer['page']): ProxyAnswer => ({
  status,
  by: 'cloudflare',
  ...(page && { page }),
});
const none = (status: number): ProxyAnswer => ({ status });

/** The table of issue and docs, row by row. */
const ROWS: readonly Row[] = [
  ...[521, 523, 525, 526, 530].map((status) => ({
    answer: cloudflare(status),
    code: 'UPSTREAM_UNAVAILABLE',
    tries: 3,
    writeTries: 3,
    outcome: 'NOT_EXECUTED' as const,
    counts: true,
  })),
  ...[
    ...[521, 523, 525, 526, 530, 520, 522, 527, 500, 502, 503, 599].map(none),
    ...[520, 522, 527, 500, 502, 503].map((status) => cloudflare(status)),
  ].map((answer) => ({
    answer,
    code: 'UPSTREAM_UNAVAILABLE',
    tries: 3,
    writeTries: 1,
    outcome: 'UNKNOWN' as const,
    counts: true,
  })),
  ...[cloudflare(524), none(524), none(504), none(408)].map((answer) => ({
    answer,
    code: 'UPSTREAM_TIMEOUT',
    tries: 1,
    writeTries: 1,
    outcome: 'UNKNOWN' as const,
    counts: true,
  })),
  ...[cloudflare(429), none(429)].map((answer) => ({
    answer,
    code: 'RATE_LIMITED',
    tries: 3,
    writeTries: 3,
    outcome: 'NOT_EXECUTED' as const,
    counts: false,
  })),
  ...[cloudflare(403), cloudflare(403, 'code 1020')].map((answer) => ({
    answer,
    code: 'UPSTREAM_UNAVAILABLE',
    tries: 1,
    writeTries: 1,
    outcome: 'NOT_EXECUTED' as const,
    counts: true,
    isBlocked: true as const,
  })),
];

const titled = ROWS.map((row) => ({
  ...row,
  title: `${row.answer.status} of ${row.answer.by ?? 'another proxy'}${row.answer.page ? ', a page' : ''}`,
}));

const clock = createManualClock();

/** Lets time pass for calls that wait for it: the key pauses after 429. */
async function inTime<T>(answered: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  answered.then(end, end);
  for (await quiet(); !isOver; await quiet()) await clock.advance(500);
  return answered;
}

describe.each(titled)('$title', ({ answer, code, tries, writeTries, outcome, counts, isBlocked }) => {
  const fixture = useSandbox({
    gateway: { transport: { clock, random: () => 0, staleMs: 60_000, freshMs: 10 } },
  });
  const strike = (times: number) => fixture.sandbox.fault({ kind: 'proxy', ...answer, times });
  const ray = answer.by === 'cloudflare' ? { upstream: { ray: SANDBOX_RAY } } : {};
  const reason = isBlocked ? { reason: 'BLOCKED' } : {};

  it(`is ${code} for a read, after ${tries} tries, and then a stale entry`, async () => {
    strike(100);
    const { errors } = await inTime(fixture.gateway.execute(SCRIPT, { id }));
    expect(errors).toMatchObject([expect.toBeError(code, { path: ['script'], ...ray, ...reason })]);
    if (!answer.by) expect(errors?.[0]?.extensions).not.toHaveProperty('upstream');
    expect(JSON.stringify(errors)).not.toMatch(/html|nginx|Just a moment/i);
    expect(fixture.lines()).toHaveLength(tries);

    fixture.sandbox.reset();
    await clock.advance(20_000);
    expect((await inTime(fixture.gateway.execute(SCRIPT, { id }))).errors).toBeUndefined();
    await clock.advance(20_000);
    strike(100);
    const stale = await inTime(fixture.gateway.execute(SCRIPT, { id }));
    expect(stale.data?.script?.name).toBe('Nightfall Hub');
    expect(stale.extensions?.upstream).toMatchObject({ stale: 1 });
  });

  it(`leaves a write ${outcome}`, async () => {
    strike(100);
    const { errors } = await inTime(fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }));
    expect(errors).toMatchObject([expect.toBeError(code, { outcome, ...ray, ...reason })]);
    expect(fixture.lines()).toHaveLength(writeTries);
  });

  it(`${counts ? 'counts' : 'does not count'} for the circuit breaker: ten in a row`, async () => {
    // Calls that the breaker counts need no time. It must stand still, or an open circuit would send its probe.
    const ended = counts ? <T>(answered: Promise<T>) => answered : inTime;
    strike(100);
    for (const half of ['a', 'b']) {
      const ids = Array.from({ length: 5 }, (_one, index) => `${half}${index}`);
      expect((await ended(fixture.gateway.execute(SCRIPTS, { ids }))).errors).toHaveLength(5);
    }
    const before = fixture.sandbox.calls.length;
    await ended(fixture.gateway.execute(SCRIPT, { id }));
    expect(fixture.sandbox.calls.length === before).toBe(counts);
  });
});

describe('an outage of minutes behind Cloudflare', () => {
  const fixture = useRecorder({
    transport: { clock, random: () => 0, freshMs: 1_000, staleMs: 3_600_000 },
  });
  const down: Respond = (_recorded, response) =>
    void response.writeHead(521, { server: 'cloudflare', 'cf-ray': SANDBOX_RAY }).end('error code: 521');
  const read = (name = 'a') => inTime(fixture.gateway.execute(SCRIPT, { id: name }));

  it('is bridged by stale answers, the breaker opens, one probe goes ahead at a time, and all is well again', async () => {
    fixture.respond = answerPlainly;
    expect((await read()).errors).toBeUndefined();
    await clock.advance(2_000);
    fixture.respond = down;
    let answers = 0;
    for (let second = 0; second < 300; second += 1) {
      const { data, errors, extensions } = await read();
      expect({ name: data?.script?.name, errors }).toEqual({ name: 'name of a', errors: undefined });
      expect(extensions?.upstream).toMatchObject({ stale: 1 });
      answers += 1;
      await clock.advance(1_000);
    }
    expect(answers).toBe(300);
    // Five calls of three tries open the breaker. Then there is a probe after 1, 2, 4 and each 8 s.
    const before = fixture.recorder.calls.length;
    expect(before).toBeLessThan(1 + 15 + 45);

    await clock.advance(8_000);
    let release = () => {};
    fixture.respond = (recorded, response) => {
      release = () => answerPlainly(recorded, response);
    };
    const probe = fixture.gateway.execute(SCRIPT, { id: 'b' });
    await arrival(fixture.recorder, before);
    const { errors } = await fixture.gateway.execute(SCRIPTS, { ids: ['c', 'd'] });
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(Array(2).fill('UPSTREAM_UNAVAILABLE'));
    await expectCalls(fixture.recorder, before + 1);
    release();
    expect((await probe).data?.script?.name).toBe('name of b');
    fixture.respond = answerPlainly;
    const { data, extensions } = await read();
    expect({ name: data?.script?.name, extensions }).toEqual({ name: 'name of a', extensions: undefined });
  });
});

describe('what a proxy says', () => {
  const { log, lines: logged } = openLog();
  const fixture = useRecorder({
    transport: { clock, random: () => 0 },
    observers: log.operations ? [log.operations] : [],
  });
  const answer = (status: number, headers: Record<string, string>, body = '<html></html>') => {
    fixture.respond = (_recorded, response) => void response.writeHead(status, headers).end(body);
  };
  const errorOf = async (name = 'a') => (await fixture.gateway.execute(SCRIPT, { id: name })).errors?.[0];

  it('is named in the message, in extensions.upstream.ray and in the line of the log', async () => {
    answer(403, { server: 'cloudflare', 'cf-ray': SANDBOX_RAY, 'cf-mitigated': 'challenge' });
    const error = await errorOf();
    expect(error?.message).toBe(
      `GET /scripts/:script_id: Cloudflare in front of LuaAuth refuses this machine (HTTP 403, ray ${SANDBOX_RAY}).`,
    );
    expect(error?.extensions).toMatchObject({ reason: 'BLOCKED', upstream: { ray: SANDBOX_RAY } });
    const [line = ''] = logged.splice(0);
    expect(JSON.parse(line)).toMatchObject({ upstream: { calls: 1, ray: SANDBOX_RAY } });
  });

  it.each([
    ['longer than a name', 'x'.repeat(65)],
    ['a page', '<script>alert(1)</script>'],
    ['with words', 'a ray of "light"'],
  ])('is left out where it is no name of a request: %s', async (_title, ray) => {
    answer(503, { 'cf-ray': ray });
    const error = await errorOf();
    expect(error?.message).toBe('GET /scripts/:script_id: LuaAuth is unavailable (HTTP 503).');
    expect(error?.extensions).not.toHaveProperty('upstream');
    expect(JSON.parse(logged.splice(0)[0] ?? '')).not.toHaveProperty('upstream.ray');
  });

  it.each([
    ['a code in the middle of a page', 403, '<p>error code: 1020</p>'],
    ['a code of later', 403, 'error code: 1099'],
    ['a page of its own', 403, '<html><title>Forbidden</title></html>'],
    ['1015 that a page quotes', 400, 'no such note: error code: 1015'],
  ])('is taken for no block where it is %s', async (_title, status, body) => {
    answer(status, {}, body);
    expect((await errorOf())?.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
  });

  it('is read up to its size, and its status counts all the same', async () => {
    answer(502, {}, `<html>${'x'.repeat(9_000_000)}`);
    expect((await errorOf())?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
  });

  it.each([401, 403])('is never taken from an envelope under %i', async (status) => {
    fixture.respond = (_recorded, response) => {
      response.setHeader('cf-ray', SANDBOX_RAY).setHeader('server', 'cloudflare');
      const error = { code: -1, message: 'unauthorized or invalid request', failed: ['invalid api key'] };
      json(response, { success: false, error }, status);
    };
    const error = await errorOf();
    expect(error?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', reasons: ['invalid api key'] });
    expect(error?.extensions).not.toHaveProperty('upstream');
  });
});
