import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { graphql } from '../support/clients/graphql.ts';
import { SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { createLateState } from '../support/redis/late-state.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

const RATE_LIMIT = graphql(`
  query ReadRateLimit {
    rateLimit {
      limit
      remaining
      used
      resetAt
      cost
      queued
    }
  }
`);

const clock = createManualClock();
const random = () => 0;
const ids = (count: number) => Array.from({ length: count }, (_one, index) => `s${index}`);

type Fixture = ReturnType<typeof useRecorder>;

const NOON = Date.parse('2026-02-09T12:00:00.000Z');
const today = () => NOON;

/** The values of the field, with how far away `resetAt` is. */
async function rateLimitOf(fixture: Fixture, token = 'key-a') {
  const { data, errors } = await fixture.gateway.execute(RATE_LIMIT, {}, { token });
  expect(errors).toBeUndefined();
  const { resetAt, ...rest } = data?.rateLimit ?? { resetAt: '' };
  return { ...rest, resetInMs: Date.parse(resetAt) - NOON };
}

const full = { limit: 10, remaining: 10, used: 0, cost: 0, queued: 0 };

describe('rateLimit', () => {
  const fixture = useRecorder({
    transport: { clock, today, random, rate: 10 },
    timeouts: { read: 60_000, write: 60_000 },
  });

  it('shows the whole quota of a key that has sent nothing, and costs no call', async () => {
    const { resetInMs, ...rest } = await rateLimitOf(fixture);
    expect(rest).toEqual(full);
    expect(resetInMs).toBe(0);
    expect(fixture.recorder.calls).toEqual([]);
  });

  it('shows what is used and left by key, and when all of it is free again', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPTS, { ids: ids(3) }, { token: 'key-a' });
    await clock.advance(400);
    await fixture.gateway.execute(SCRIPTS, { ids: ids(1) }, { token: 'key-a' });
    await clock.advance(100);
    const { resetInMs, ...rest } = await rateLimitOf(fixture);
    expect(rest).toEqual({ ...full, remaining: 6, used: 4 });
    expect(resetInMs).toBe(902);
    expect(await rateLimitOf(fixture, 'key-b')).toMatchObject(full);
    await clock.advance(600);
    expect(await rateLimitOf(fixture)).toMatchObject({ ...full, remaining: 9, used: 1 });
    await clock.advance(310);
    expect(await rateLimitOf(fixture)).toMatchObject(full);
    await expectCalls(fixture.recorder, 4);
  });

  it('counts the calls that wait', async () => {
    fixture.respond = answerPlainly;
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ids(15) }, { token: 'key-a' });
    await expectCalls(fixture.recorder, 10);
    expect(await rateLimitOf(fixture)).toMatchObject({ limit: 10, remaining: 0, used: 10, queued: 5 });
    await clock.advance(1_100);
    expect((await answer).errors).toBeUndefined();
  });

  it('tells what the operation may cost at most, beside reads whose calls it does not wait for', async () => {
    fixture.respond = answerPlainly;
    const { data } = await fixture.gateway.execute<{ rateLimit: { cost: number } }, { ids: string[] }>(
      'query ($ids: [ID!]!) { rateLimit { cost } scripts(ids: $ids) { executions { count } } }',
      { ids: ids(3) },
    );
    expect(data?.rateLimit).toEqual({ cost: 6 });
  });

  it('needs a key', async () => {
    const { errors } = await fixture.gateway.execute(RATE_LIMIT, {}, {});
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED', { path: ['rateLimit'] })]);
  });
});

describe('rateLimit without a quota', () => {
  const fixture = useRecorder({ transport: { clock, today, random } });

  it('has null for its limit and for what is left of it', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPTS, { ids: ids(3) }, { token: 'key-a' });
    expect(await rateLimitOf(fixture)).toMatchObject({
      limit: null,
      remaining: null,
      used: 0,
      queued: 0,
    });
  });
});

describe('rateLimit of a state that answers later', () => {
  const fixture = useRecorder({
    transport: { clock, today, random, rate: 10, state: createLateState(clock) },
  });

  it('is the same', async () => {
    expect(await rateLimitOf(fixture)).toMatchObject(full);
  });
});
