import { request } from 'node:http';
import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const RATE = 10;

describe('a call that the rate of its caller leaves no permit in time', () => {
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: RATE },
    timeouts: { read: 3_000, write: 3_000 },
    credentials: { heldKey: 'held', keyRing: ringOf([{ name: 'capped', rate: 1 }, { name: 'other' }]) },
  });
  const ids = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);
  const read = (name: string, count: number) =>
    fixture.gateway.execute(SCRIPTS, { ids: ids(count, name) }, bearer(name));

  it('is refused at once, and says whose limit it is; others go on', async () => {
    fixture.respond = answerPlainly;
    await read('capped', 1);
    const { errors = [] } = await read('capped', 10);
    expect(errors).toHaveLength(10);
    for (const { message, extensions } of errors) {
      expect(message).toBe('GET /scripts/:script_id: the rate of this gateway key is used up.');
      expect(extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'caller', retryAfterMs: 3_006 });
    }
    expect((await read('other', RATE - 1)).errors).toBeUndefined();
    await expectCalls(fixture.recorder, RATE);
  });

  it('is one of the same caller wherever it comes from: the gateway key decides', async () => {
    fixture.respond = answerPlainly;
    await read('capped', 1);
    const before = clock.pending;
    const sent = request(`${fixture.gateway.url}/graphql`, {
      method: 'POST',
      localAddress: '127.0.0.2',
      headers: { 'content-type': 'application/json', ...bearer('capped') },
    });
    sent.end(JSON.stringify({ query: print(SCRIPT), variables: { id: 'elsewhere' } }));
    sent.on('response', (response) => response.resume());
    // Its call waits.
    await eventually(() => expect(clock.pending).toBeGreaterThan(before));
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1_002);
    await expectCalls(fixture.recorder, 2);
  });
});
