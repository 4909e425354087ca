import { describe, expect, it } from 'vitest';
import { answerPlainly, answerRateLimited } from '../support/api/plain-api.ts';
import type { Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const KEY = { token: 'key-a' };

const ids = (count: number) => Array.from({ length: count }, (_one, index) => `s${index}`);

/** Refuses the first calls that fit, and answers everything else. */
function refuseFirst(times: number, retryAfter?: string, fits = (_line: string) => true): Respond {
  let left = times;
  return (recorded, response) => {
    if (left === 0 || !fits(recorded.line)) return answerPlainly(recorded, response);
    left -= 1;
    return answerRateLimited(response, retryAfter);
  };
}

describe('when the API says ratelimited', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0, rate: 50 } });

  it.each([
    ['1', 1_000],
    ['3', 3_000],
    ['0', 1_000],
    ['-1', 1_000],
    ['abc', 1_000],
    ['1.5', 1_000],
    ['', 1_000],
    [undefined, 1_000],
  ])(
    'with Retry-After %j the endpoint pauses for %i ms for every caller of the key, and for no other key',
    async (retryAfter, pauseMs) => {
      fixture.respond = refuseFirst(1, retryAfter);
      const first = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
      await expectCalls(fixture.recorder, 1);
      const second = fixture.gateway.execute(SCRIPT, { id: 'b' }, KEY);
      const other = await fixture.gateway.execute(SCRIPT, { id: 'c' }, { token: 'key-b' });
      expect(other.data?.script?.name).toBe('name of c');
      await clock.advance(pauseMs - 1);
      await expectCalls(fixture.recorder, 2);
      await clock.advance(1);
      expect((await first).data?.script?.name).toBe('name of a');
      expect((await second).data?.script?.name).toBe('name of b');
      expect(fixture.recorder.lines().sort()).toEqual([
        'GET /scripts/a',
        'GET /scripts/a',
        'GET /scripts/b',
        'GET /scripts/c',
      ]);
    },
  );

  it('with a date as Retry-After the endpoint pauses until then', async () => {
    // To the second: two to three seconds from now.
    fixture.respond = refuseFirst(1, new Date(Date.now() + 3_000).toUTCString());
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1_500);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1_500);
    expect((await answer).data?.script?.name).toBe('name of a');
    await expectCalls(fixture.recorder, 2);
  });

  it.each([-3_600_000, 3_600_000])(
    'a date as Retry-After is one of the clock of the API, which may be %i ms ahead',
    async (aheadMs) => {
      const now = Date.now() + aheadMs;
      const refuse = refuseFirst(1, new Date(now + 3_000).toUTCString());
      fixture.respond = (recorded, response) => {
        response.setHeader('date', new Date(now).toUTCString());
        return refuse(recorded, response);
      };
      const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
      await expectCalls(fixture.recorder, 1);
      await clock.advance(2_999);
      await expectCalls(fixture.recorder, 1);
      await clock.advance(1);
      expect((await answer).data?.script?.name).toBe('name of a');
    },
  );

  it('with a date that has passed the endpoint pauses for a second', async () => {
    fixture.respond = refuseFirst(1, new Date(Date.now() - 60_000).toUTCString());
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(999);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    expect((await answer).errors).toBeUndefined();
  });

  it.each([
    ['10', 10_000],
    // The gateway tries again after five minutes.
    ['86400', 300_000],
  ])(
    'for longer than the deadline (%s) the answer is RATE_LIMITED at once',
    async (retryAfter, retryAfterMs) => {
      fixture.respond = refuseFirst(1, retryAfter);
      const read = await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
      expect(read.errors).toMatchObject([
        expect.toBeError('RATE_LIMITED', { path: ['script'], retryAfterMs }),
      ]);
      await clock.advance(1_000);
      const again = await fixture.gateway.execute(SCRIPT, { id: 'b' }, KEY);
      expect(again.errors?.[0]?.extensions).toMatchObject({
        code: 'RATE_LIMITED',
        retryAfterMs: retryAfterMs - 1_000,
      });
      await expectCalls(fixture.recorder, 1);
      const write = await fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
      expect(write.errors).toBeUndefined();
      const other = await fixture.gateway.execute(SCRIPT, { id: 'c' }, { token: 'key-b' });
      expect(other.errors).toBeUndefined();
    },
  );

  it('for a day the endpoint is tried again after five minutes', async () => {
    fixture.respond = refuseFirst(1, '86400');
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await clock.advance(5 * 60_000 - 5_000 - 1);
    expect((await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY)).errors).toHaveLength(1);
    await clock.advance(5_001);
    expect((await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY)).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 2);
  });

  it('what waits and cannot start before its deadline is refused at once', async () => {
    fixture.respond = refuseFirst(1, '10');
    const { data, errors } = await fixture.gateway.execute(SCRIPTS, { ids: ids(60) }, KEY);
    expect(data?.scripts.filter((script) => script !== null)).toHaveLength(49);
    const refused = { endpoint: 'GET /scripts/:script_id', retryAfterMs: 10_000 };
    expect(errors).toEqual(Array(11).fill(expect.toBeJustError('RATE_LIMITED', refused)));
    await expectCalls(fixture.recorder, 50);
  });

  it('a mutation is sent again, because it was not executed', async () => {
    fixture.respond = refuseFirst(1, '2');
    const answer = fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(2_000);
    expect((await answer).data?.toggleScript.__typename).toBe('ToggleScriptSuccess');
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/a/toggle', 'POST /scripts/a/toggle']);
  });

  it('for the third time the caller is told so, with the time to wait', async () => {
    fixture.respond = refuseFirst(3);
    const answer = fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY);
    for (const count of [1, 2]) {
      await expectCalls(fixture.recorder, count);
      await clock.advance(1_100);
    }
    expect((await answer).errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      outcome: 'NOT_EXECUTED',
      retryAfterMs: 1_000,
    });
    expect(fixture.recorder.calls).toHaveLength(3);
  });

  it.each<[what: string, page: string | Buffer, headers?: Record<string, string>]>([
    ['a page of HTML', '<html>slow down</html>'],
    ['a page that is not UTF-8', Buffer.from('<html>zu viele Aufr\xfcfe</html>', 'latin1')],
    ['a failure without its "error"', '{"success": false, "message": "Too many requests"}'],
    [
      'a message that is not documented',
      '{"success": false, "error": {"code": -1, "message": "Too many requests"}}',
    ],
    [
      'a page in an encoding that was not asked for',
      '<html>slow down</html>',
      { 'content-encoding': 'zstd' },
    ],
    ['a page that is not in its encoding', '<html>slow down</html>', { 'content-encoding': 'br' }],
    ['more values than any answer has', `[${'0,'.repeat(100_000)}0]`],
  ])('with 429 and %s it means the same', async (_what, page, headers = {}) => {
    let refused = false;
    fixture.respond = (recorded, response) => {
      if (refused) return answerPlainly(recorded, response);
      refused = true;
      return void response.writeHead(429, { 'retry-after': '2', ...headers }).end(page);
    };
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1_999);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    expect((await answer).errors).toBeUndefined();
  });
});

describe('when no quota is set and the API says ratelimited', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0, rate: 0 } });

  it('the endpoint pauses all the same', async () => {
    fixture.respond = refuseFirst(1, '1');
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b'] }, KEY);
    await expectCalls(fixture.recorder, 2);
    await clock.advance(1_000);
    expect((await answer).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 3);
  });
});
