import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Lease } from '../../../src/state/port.ts';
import { liveBytes } from '../../support/processes/live-memory.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { useStates } from '../../support/redis/states.ts';

const MEGABYTE = 1024 * 1024;
const ANSWERS = 120;
const ANSWER_BYTES = 200_000;
/** As documented in shared-cache.ts, and what this process needs for anything else. */
const MOST_BYTES = 8 * MEGABYTE + 3 * MEGABYTE;

describeWithRedis('the answers that a process remembers because it may have to renew them', () => {
  const states = useStates(useRedis());

  it('take bounded memory, whether their leases have ended with an answer or without', async () => {
    const { shared, documents } = await states.open();
    /** Takes the lease of each entry in turn, and returns how many answers were found. */
    const leaseAll = async (end: (lease: Lease) => void): Promise<number> => {
      let found = 0;
      for (let index = 0; index < ANSWERS; index += 1) {
        const lookup = { freshMs: 0, since: undefined, turn: 'usual' } as const;
        const { entry, lease } = (await shared?.lookUp('account', `${index}`, lookup)) ?? {};
        if (entry) found += 1;
        if (lease) end(lease);
        // Commands of one connection are answered in their order.
        await documents.get('account', 'hash');
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
