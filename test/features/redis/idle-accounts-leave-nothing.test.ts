import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit, State } from '../../../src/state/port.ts';
import { freePort } from '../../support/network/free-port.ts';
import { collectGarbage } from '../../support/processes/live-memory.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const LIMITS = { rate: 50, backoff: 0.5, recoveryPerSecond: 0.05 };
const ONE = { size: 1, byCaller: () => [] };

/** A full collection takes long in a thread that has run other tests, so it comes only four times a second. */
const COLLECT_EVERY_MS = 250;

async function expectForgotten(accounts: readonly WeakRef<object>[]): Promise<void> {
  await eventually(async () => {
    await delay(COLLECT_EVERY_MS);
    collectGarbage();
    expect(accounts.filter((account) => account.deref() !== undefined)).toEqual([]);
  });
}

describe('a gateway without Redis', () => {
  let state: State;
  beforeEach(async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    state = await openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, isRequired: false, instances: 1 });
    await eventually(() => expect(take('first')).not.toBeTypeOf('number'));
  });
  afterEach(() => state.close?.());

  const open = (account: string, onFreed = () => undefined) =>
    state.quotas.open(account, undefined, LIMITS, onFreed);
  const take = (...account: Parameters<typeof open>) => open(...account).take(ONE, false);

  /** Uses the whole rate. The permits come back a second after their answers: without an answer, they are kept ten times as long. */
  const useAll = (quota: ReturnType<typeof open>) => {
    const permits = Array.from({ length: LIMITS.rate }, () => quota.take(ONE, false) as Permit);
    for (const permit of permits) permit.sent();
    expect(quota.take(ONE, false)).toBeTypeOf('number');
    return () => {
      for (const permit of permits) permit.answered();
    };
  };

  const use = (account: string, end: (permit: Permit) => void) => {
    const onFreed = () => undefined;
    end(take(account, onFreed) as Permit);
    return new WeakRef(onFreed);
  };

  it.each<[string, (permit: Permit) => void]>([
    [
      'is sent and answered',
      (permit) => {
        permit.sent();
        permit.answered();
      },
    ],
    ['is given up', (permit) => permit.release()],
  ])('keeps nothing of accounts after their last call %s: anybody can make up keys', async (_end, end) => {
    const accounts: WeakRef<object>[] = [];
    // At many moments, as a timer may come early by a part of a millisecond.
    for (let index = 0; index < 200; index += 1) {
      accounts.push(use(`account ${index}`, end));
      await setImmediate();
    }
    await expectForgotten(accounts);
  });

  it('keeps nothing either of an account whose only call has waited in vain', async () => {
    const wait = () => {
      const onFreed = () => undefined;
      const quota = open('account', onFreed);
      const answer = useAll(quota);
      quota.left({ size: 0, byCaller: () => [] });
      answer();
      return new WeakRef(onFreed);
    };
    const account = wait();
    await expectForgotten([account]);
  });

  it('keeps nothing either of an account whose last call had to wait', async () => {
    const wait = async () => {
      const onFreed = () => undefined;
      const quota = open('account', onFreed);
      useAll(quota)();
      await eventually(() => (quota.take(ONE, false) as Permit).release());
      return new WeakRef(onFreed);
    };
    const account = await wait();
    await expectForgotten([account]);
  });
});
