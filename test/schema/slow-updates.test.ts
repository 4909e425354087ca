import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { UPDATE } from '../support/clients/mutations.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { quiet } from '../support/network/network.ts';
import { arrival } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const UPDATE_AND_READ =
  'mutation { updateScript(input: { id: "a", source: "x" }) { ... on UpdateScriptSuccess { script { name } } } }';

describe('an update that LuaAuth takes long for', () => {
  const fixture = useRecorder({ transport: { clock }, operationTimeoutMs: 30_000 });
  const hold = () => {
    let release = () => {};
    fixture.respond = (recorded, response) => {
      if (recorded.line.endsWith('/update')) release = () => answerPlainly(recorded, response);
      else answerPlainly(recorded, response);
    };
    return () => release();
  };

  it('is waited for up to 100 s, and the script is read again after it', async () => {
    const release = hold();
    const answer = fixture.gateway.execute(UPDATE_AND_READ);
    await arrival(fixture.recorder, 0);
    await clock.advance(100_000);
    release();
    expect(await answer).toMatchObject({ data: { updateScript: { script: { name: 'name of a' } } } });
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/a/update', 'GET /scripts/a']);
  });

  it('is given up after 105 s, never repeated, and the message says how to find out', async () => {
    hold();
    const answer = fixture.gateway.execute(UPDATE, { input: { id: 'a', source: 'x' } });
    await arrival(fixture.recorder, 0);
    let isOver = false;
    void answer.then(() => {
      isOver = true;
    });
    await clock.advance(104_900);
    await quiet();
    expect(isOver).toBe(false);
    await clock.advance(100);
    const { errors } = await answer;
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_TIMEOUT', { outcome: 'UNKNOWN' })]);
    expect(errors?.[0]?.message).toBe(
      'POST /scripts/:script_id/update: LuaAuth did not answer in time. Whether it was carried out is unknown: LuaAuth may still be working on it, and no read shows the source. Wait two minutes, then look in the LuaAuth dashboard or run the script, before you try again.',
    );
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('leaves other mutations of the document the time of the operation', async () => {
    const release = hold();
    const answer = fixture.gateway.execute(
      'mutation { updateScript(input: { id: "a", source: "x" }) { __typename } toggleScript(input: { id: "a", enabled: true }) { __typename } }',
    );
    await arrival(fixture.recorder, 0);
    await clock.advance(90_000);
    release();
    expect((await answer).errors).toBeUndefined();
  });
});
