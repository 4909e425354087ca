import { randomBytes } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Lease, State } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { liveBytes } from '../../support/processes/live-memory.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';

const MEGABYTE = 1024 * 1024;
const ANSWERS = 120;
const ANSWER_BYTES = 200_000;
/** As documented in shared-cache.ts, and what this process needs for anything else. */
const MOST_BYTES = 8 * MEGABYTE + 3 * MEGABYTE;

describeWithRedis('the answers that a process remembers because it may have to renew them', () => {
  const redis = useRedis();
  let state: State | undefined;
  afterEach(() => state?.close?.());

  it('take bounded memory, whether their leases have ended with an answer or without', async () => {
    const { url } = redis.server;
    const opened = await openStateInRedis({
      url,
      rate: 50,
      longestTtlMs: 1_000,
      commandTimeoutMs: PATIENT_MS,
    });
    state = opened;
    /** Takes the lease of each entry in turn, and returns how many answers were found. */
    const leaseAll = async (end: (lease: Lease) => void): Promise<number> => {
      let found = 0;
      for (let index = 0; index < ANSWERS; index += 1) {
        const lookup = { freshMs: 0, since: undefined, turn: 'usual' } as const;
        const { entry, lease } = (await opened.shared?.lookUp('account', `${index}`, lookup)) ?? {};
        if (entry) found += 1;
        if (lease) end(lease);
        // Commands of one connection are answered in their order.
        await opened.documents.get('account', 'hash');
      }
      return found;
    };
    const textOf = () => randomBytes((ANSWER_BYTES * 3) / 4).toString('base64');
    const fill = (lease: Lease) => lease.fill({ value: textOf(), bytes: ANSWER_BYTES, ageMs: 0 }, 600_000);
    const before = liveBytes();
    expect(await leaseAll(fill)).toBe(0);
    expect(liveBytes() - before).toBeLessThan(MOST_BYTES);
    for (const end of [(lease: Lease) => lease.release(), fill]) {
      expect(await leaseAll(end)).toBe(ANSWERS);
      expect(liveBytes() - before).toBeLessThan(MOST_BYTES);
    }
  });
});
