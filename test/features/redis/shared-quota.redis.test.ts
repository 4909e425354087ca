import { expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { SCRIPTS } from '../../support/clients/reads.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { useSeveralGateways } from './several-gateways.ts';

const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithEachEngine('several gateways with one key', (engine) => {
  const fixture = useSeveralGateways(engine);

  it('never have more than 50 arrivals in any second, and answer all', fixture.inTime, async () => {
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
