import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Arrival, busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { startRedisClock } from '../../support/redis/redis-clock.ts';

describeWithEachEngine('two gateways that use all of their quota', (engine) => {
  const fixture = useSeveralGateways(engine);

  it('never have more than 50 arrivals in any second while the clock of Redis is fast by 5 %', {
    timeout: 120_000,
    ...fixture.inTime,
  }, async () => {
    const recorder = await startDistantRecorder();
    fixture.closing.push(async () => recorder.close());
    const clock = await startRedisClock(fixture.redis);
    fixture.closing.push(clock.close);
    const gateways = await fixture.openAll(2, {
      upstream: recorder.url,
      timeouts: { read: 30_000, write: 30_000 },
      redis: { url: clock.url },
    });
    let isOver = false;
    let count = 0;
    const asking = gateways.flatMap((gateway) =>
      Array.from({ length: 40 }, async () => {
        while (!isOver) {
          count += 1;
          await gateway.execute(SCRIPT, { id: `s${count}` }, { token: 'key' });
        }
      }),
    );
    const asked = Promise.all(asking);
    // A try that has failed closes the gateways while they are asked.
    asked.catch(() => undefined);
    fixture.closing.push(async () => {
      isOver = true;
    });
    await delay(3_000);
    const { length: before } = await recorder.arrivals();
    await clock.drift(0.05);
    const arrivals = await moreThan(before + 60, recorder.arrivals);
    isOver = true;
    await asked;
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });
});

async function moreThan(count: number, arrivals: () => Promise<readonly Arrival[]>) {
  for (;;) {
    const all = await arrivals();
    if (all.length > count) return all;
    await delay(50);
  }
}
