import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { BEAT_MS } from '../../../src/features/redis/slots.ts';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { SCRIPTS } from '../../support/clients/reads.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { describeWithEachEngine, describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithEachEngine('several gateways with one key', (engine) => {
  const fixture = useSeveralGateways(engine);

  it('never have more than 50 arrivals in any second, and use the quota', fixture.inTime, async () => {
    const recorder = await startDistantRecorder({ jitterMs: 40 });
    fixture.closing.push(async () => recorder.close());
    const gateways = await fixture.openAll(4, {
      upstream: recorder.url,
      limits: { restCalls: 1_000 },
      timeouts: { read: 20_000, write: 20_000 },
    });
    const answers = await Promise.all(
      gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(60, `g${index}-`) })),
    );
    expect(answers.map(({ errors }) => errors)).toEqual(Array(4).fill(undefined));
    const arrivals = await recorder.arrivals();
    expect(arrivals).toHaveLength(240);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });
});

describeWithRedis('gateways with one key', () => {
  const fixture = useSeveralGateways();
  const patience = { timeouts: { read: 20_000, write: 20_000 }, limits: { restCalls: 1_000 } };

  it('send nothing for a while after Redis has lost what they sent', fixture.inTime, async () => {
    const recorder = await startDistantRecorder();
    fixture.closing.push(async () => recorder.close());
    const gateways = await fixture.openAll(2, { upstream: recorder.url, ...patience });
    await Promise.all(
      gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(25, `g${index}-`) })),
    );
    await fixture.redis.command('FLUSHALL');
    await Promise.all(
      gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(50, `h${index}-`) })),
    );
    const arrivals = await recorder.arrivals();
    expect(arrivals).toHaveLength(150);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });

  it('leave their slot at their end, even if a beat is due', async () => {
    const clock = createManualClock();
    const options = { url: fixture.redis.url, longestTtlMs: 1_000 };
    const state = await openStateInRedis(options, { clock, commandTimeoutMs: 1_000_000 });
    await fixture.haveSlots(1);
    // From then on the client waits for no answer: the next timer is that of the beat.
    await clock.advance(1_000);
    await eventually(async () => {
      await clock.advance(25);
      expect(clock.nextAt - clock.now()).toBeGreaterThan(25);
    });
    fixture.redis.pause();
    const closed = state.close?.();
    await clock.advance(0);
    await clock.advance(BEAT_MS);
    fixture.redis.resume();
    await closed;
    await fixture.haveSlots(0);
  });
});
