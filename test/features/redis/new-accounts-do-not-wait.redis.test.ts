import { afterEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { State } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';

const ACCOUNTS = 100;

describeWithRedis('accounts that are new in Redis', () => {
  const redis = useRedis();
  let state: State;
  afterEach(() => state.close?.());

  /** Each look at the other gateways is one, and each that an account takes for its writes. */
  const looks = async () => {
    const facts = String(await redis.server.command('INFO', 'commandstats'));
    return Number(/^cmdstat_hgetall:calls=(\d+)/m.exec(facts)?.[1] ?? 0);
  };

  it('do not wait for each other, where many come at once', async () => {
    const { url } = redis.server;
    state = await openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS });
    const before = await looks();
    const reads = Array.from({ length: ACCOUNTS }, async (_one, index) =>
      state.generations.snapshot(`account ${index}`).read('resource'),
    );
    for (const read of await Promise.all(reads)) expect(read).toMatchObject({ partition: 0 });
    const own = (await looks()) - before - ACCOUNTS;
    // None of its own where a look of the connection was a moment ago.
    expect(before).toBeGreaterThan(0);
    expect(own).toBeLessThan(ACCOUNTS / 2);
  });
});
