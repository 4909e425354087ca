import { describe, expect, it } from 'vitest';
import { createStateInMemory } from '../../../src/state/memory.ts';
import type { Lookup } from '../../../src/state/port.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { useStates } from '../../support/redis/states.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const TTL_MS = 600_000;

const entry = (value: string, ageMs: number) => ({ value, bytes: 10, ageMs });

describe('the cache of one gateway', () => {
  it('keeps the newer of two answers, whichever comes last', async () => {
    const { cache } = createStateInMemory({ now: () => performance.now() });
    const value = async () => (await cache.get('key'))?.value;
    void cache.set('key', entry('newer', 1_000), TTL_MS);
    void cache.set('key', entry('older', 60_000), TTL_MS);
    expect(await value()).toBe('newer');
    void cache.set('key', entry('newest', 0), TTL_MS);
    expect(await value()).toBe('newest');
  });
});

describeWithRedis('the cache that gateways share', () => {
  const states = useStates(useRedis());

  const open = async () => {
    const state = await states.open();
    return (turn: Lookup['turn'], freshMs = 0) =>
      state.shared?.lookUp('account', 'key', { freshMs, since: undefined, turn });
  };

  it('keeps the newer of two answers, whichever comes last', async () => {
    const [one, other, third] = [await open(), await open(), await open()];
    const background = await one('last');
    const usual = await other('usual');
    usual?.lease?.fill(entry('newer', 1_000), TTL_MS);
    await eventually(async () => expect((await third('usual', TTL_MS))?.entry?.value).toBe('newer'));
    background?.lease?.fill(entry('older', 60_000), TTL_MS);
    // Commands of one connection arrive in its order.
    expect((await one('usual', TTL_MS))?.entry?.value).toBe('newer');
    (await one('usual'))?.lease?.fill(entry('newest', 0), TTL_MS);
    expect((await one('usual', TTL_MS))?.entry?.value).toBe('newest');
  });
});
