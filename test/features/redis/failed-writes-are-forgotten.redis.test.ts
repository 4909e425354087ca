import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { State } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';

/** As long as an account is remembered that has only read. */
const SHORT_MS = 10_000;
const DOUBT_MS = 110_000;

describeWithRedis('writes that were not carried out', () => {
  const redis = useRedis();
  let state: State;
  beforeEach(async () => {
    const { url } = redis.server;
    state = await openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS });
  });
  afterEach(() => state.close?.());

  const begin = (resource: string) => state.generations.snapshot('account').write([resource], DOUBT_MS);
  const write = async (resource: string, outcome: 'done' | 'not done' | 'unknown') =>
    (await begin(resource)).end(outcome, DOUBT_MS);
  const read = async (resource: string) => state.generations.snapshot('account').read(resource);
  /** For how long anything of an account is remembered, in ms. */
  const keptMs = async () => {
    const keys = (await redis.server.command('KEYS', '*')) as string[];
    const ofAccounts = keys.filter((key) => /:(account|writes|doubts)$/.test(key));
    return Math.max(
      ...(await Promise.all(ofAccounts.map(async (key) => Number(await redis.server.command('PTTL', key))))),
    );
  };

  it('are forgotten as soon as reads, as anybody can make up a key', async () => {
    for (const resource of ['a', 'b', 'c']) await write(resource, 'not done');
    const [first, second] = [await begin('a'), await begin('d')];
    await first.end('not done', DOUBT_MS);
    expect(await keptMs()).toBeGreaterThan(DOUBT_MS);
    await second.end('not done', DOUBT_MS);
    expect(await keptMs()).toBeLessThanOrEqual(SHORT_MS);
    await begin('a');
    expect(await keptMs()).toBeGreaterThan(DOUBT_MS);
    expect(await read('a')).toMatchObject({ isInDoubt: true });
  });

  it.each(['done', 'unknown'] as const)('shorten no memory of one that was %s', async (outcome) => {
    const before = await read('a');
    await write('b', 'not done');
    await write('a', outcome);
    await write('b', 'not done');
    expect(await keptMs()).toBeGreaterThan(DOUBT_MS);
    const after = await read('a');
    expect(after.isInDoubt).toBe(outcome === 'unknown');
    expect(after.number).not.toBe(before.number);
  });

  it('shorten no memory of others where the account was forgotten in between', async () => {
    const early = await begin('a');
    await redis.server.empty();
    await begin('b');
    await early.end('not done', DOUBT_MS);
    await write('c', 'not done');
    expect(await keptMs()).toBeGreaterThan(DOUBT_MS);
    expect(await read('b')).toMatchObject({ isInDoubt: true });
  });
});
