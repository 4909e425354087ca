import { expect, it } from 'vitest';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const LIMIT = '{ rateLimit { limit } }';

describeWithRedis('a key that LuaAuth has accepted', () => {
  const fixture = useSeveralGateways();

  it('is no stranger to a gateway that starts later, and an entry that another account has written is none', async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(async () => recorder.close());
    const open = () => fixture.open({ upstream: recorder.url, transport: { rate: 50, totalRate: 1_000 } });
    const before = await open();
    for (const token of ['good', 'second'])
      expect((await before.execute(SCRIPT, { id: 'a' }, { token })).errors).toBeUndefined();
    const names = async () => (await fixture.redis.command('KEYS', '*:accepted')) as string[];
    await eventually(async () => expect(await names()).toHaveLength(2));

    const after = await open();
    await eventually(async () =>
      expect((await after.execute(LIMIT, {}, { token: 'good' })).data).toEqual({ rateLimit: { limit: 50 } }),
    );
    expect((await after.execute(LIMIT, {}, { token: 'made-up' })).data).toEqual({ rateLimit: { limit: 5 } });

    const [one = '', other = ''] = await names();
    await fixture.redis.command('COPY', one, other, 'REPLACE');
    await fixture.redis.command('COPY', other, one, 'REPLACE');
    const last = await open();
    const limitOf = async (token: string) => {
      const { data } = await last.execute<{ rateLimit: { limit: number } }, object>(LIMIT, {}, { token });
      return data?.rateLimit.limit;
    };
    await eventually(async () =>
      expect([await limitOf('good'), await limitOf('second')].sort()).toEqual([5, 50]),
    );
  });
});
