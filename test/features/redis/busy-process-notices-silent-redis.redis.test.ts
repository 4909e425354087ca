import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

/** Longer than a timer may be late without a sign that the process was busy. */
const BUSY_MS = 60;

function keepBusy(): () => void {
  const timer = setInterval(() => {
    const until = performance.now() + BUSY_MS;
    while (performance.now() < until);
  });
  return () => clearInterval(timer);
}

describeWithRedis('a process that is busy all the time', () => {
  const redis = useRedis();

  it('notices that Redis does not answer', async () => {
    const proxy = await startProxy(redis.server.url);
    const options = { rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS / 10 };
    const state = await openStateInRedis({ url: proxy.url, ...options });
    const rest = keepBusy();
    try {
      proxy.cut();
      await eventually(() => expect(state.coordination?.partition).toBe(1));
    } finally {
      rest();
      await state.close?.();
      await proxy.close();
    }
  });
});
