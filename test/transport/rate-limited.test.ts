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

  it('the endpoint pauses for every caller of the key, and for no other key', async () => {
    fixture.respond = refuseFirst(1, '3');
    const first = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await expectCalls(fixture.recorder, 1);
    const second = fixture.gateway.execute(SCRIPT, { id: 'b' }, KEY);
    const other = await fixture.gateway.execute(SCRIPT, { id: 'c' }, { token: 'key-b' });
    expect(other.data?.script?.name).toBe('name of c');
    await clock.advance(2_999);
    await expectCalls(fixture.recorder, 2);
    await clock.advance(1);
    expect((await first).data?.script?.name).toBe('name of a');
    expect((await second).data?.script?.name).toBe('name of b');
    await expectCalls(fixture.recorder, 4);
  });

  /** The clock of the API may be an hour ahead or behind. */
  const at = (ms: number) => new Date(Date.parse('2026-02-09T12:00:00Z') + ms).toUTCString();

  it.each([
    ['1', 1_000],
    ['3', 3_000],
    ['0', 1_000],
    ['-1', 1_000],
    ['1.5', 1_000],
    ['abc', 1_000],
    ['', 1_000],
    [undefined, 1_000],
    [at(3_000), 3_000],
    [at(-60_000), 1_000],
  ])('Retry-After: %s means a pause of %i ms', async (retryAfter, pauseMs) => {
    const refuse = refuseFirst(1, retryAfter);
    fixture.respond = (recorded, response) => {
      response.setHeader('date', at(0));
      return refuse(recorded, response);
    };
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(pauseMs - 1);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    expect((await answer).data?.script?.name).toBe('name of a');
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
