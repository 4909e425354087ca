import { expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const NOON = Date.parse('2026-02-09T12:00:00.000Z');
const clock = createManualClock();
const startedAt = clock.now();
let looks = 0;
/** The time of day may round otherwise than the clock, from look to look. */
const today = () => NOON + clock.now() - startedAt + (looks++ % 2);
const at = (seconds: number) => new Date(NOON + seconds * 1_000).toISOString();

const fixture = useRecorder({ transport: { clock, today, random: () => 0 } });
const read = (token = 'key-a') => fixture.gateway.execute(SCRIPT, { id: 'a' }, { token });

async function statusOf(token = 'key-a') {
  const sent = fixture.recorder.calls.length;
  const { data, errors } = await fixture.gateway.execute(
    '{ status { upstream since reason } }',
    {},
    { token },
  );
  expect([errors, fixture.recorder.calls.length]).toEqual([undefined, sent]);
  return (data as { status: unknown }).status;
}

it('says since when LuaAuth has been down and why, without a call, to the callers of that key', async () => {
  const begun = { upstream: 'AVAILABLE', since: at(0), reason: null };
  expect(await statusOf()).toEqual(begun);
  fixture.respond = answerPlainly;
  await read();
  await clock.advance(60_000);
  expect(await statusOf()).toEqual(begun);

  fixture.respond = (_recorded, response) => void response.writeHead(503).end();
  await read();
  await read();
  expect(await statusOf()).toMatchObject({ upstream: 'DEGRADED', since: at(60) });
  for (let time = 0; time < 3; time += 1) await read();
  const down = { upstream: 'UNAVAILABLE', since: at(60), reason: expect.stringMatching(/^LuaAuth .*\.$/) };
  expect(await statusOf()).toEqual(down);
  expect(await statusOf('key-b')).toEqual(begun);

  // A probe that fails does not begin another outage.
  await clock.advance(5_000);
  await read();
  expect(await statusOf()).toEqual(down);
  await clock.advance(120_000);
  expect(await statusOf()).toEqual({ ...down, upstream: 'DEGRADED' });

  fixture.respond = answerPlainly;
  await read();
  expect(await statusOf()).toEqual({ upstream: 'AVAILABLE', since: at(185), reason: null });
});

it('needs a key, as every field does', async () => {
  const { errors } = await fixture.gateway.execute('{ status { upstream } }', {}, {});
  expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});
