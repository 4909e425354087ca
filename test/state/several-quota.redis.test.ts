import { describe, expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../support/distant-recorder.ts';
import { SCRIPTS } from '../support/reads.ts';
import { describeWithRedis } from '../support/redis.ts';
import { useSeveralGateways } from '../support/several-gateways.ts';

const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithRedis('several gateways with one key', () => {
  describe.each([1, 2, 4])('(%i of them)', (count) => {
    const fixture = useSeveralGateways();

    it('never have more than 50 arrivals in any second, and use the quota', fixture.inTime, async () => {
      const recorder = await startDistantRecorder({ jitterMs: 40 });
      fixture.closing.push(async () => recorder.close());
      const gateways = await fixture.openAll(count, {
        upstream: recorder.url,
        limits: { restCalls: 1_000 },
        timeouts: { read: 20_000, write: 20_000 },
      });
      const answers = await Promise.all(
        gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(240 / count, `g${index}-`) })),
      );
      expect(answers.map(({ errors }) => errors)).toEqual(Array(count).fill(undefined));
      const arrivals = await recorder.arrivals();
      expect(arrivals).toHaveLength(240);
      expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
    });
  });
});
