import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import type { RedisStateOptions } from '../../../src/server/features.ts';
import type { State } from '../../../src/state/port.ts';
import { backgroundClock } from '../../../src/transport/clock.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { useStates } from '../../support/redis/states.ts';

describeWithRedis('the look of an operation for new writes', () => {
  const redis = useRedis();
  const { open, closing } = useStates(redis);
  let state: State;

  /** Opens the state of a process that does not beat after its start, so that each command comes from the test. */
  async function openStill(options: Partial<RedisStateOptions> = {}): Promise<State> {
    let isStill = false;
    const opened = await open(options, {
      now: backgroundClock.now,
      after: (delayMs, action) => backgroundClock.after(delayMs, () => isStill || action()),
    });
    isStill = true;
    return opened;
  }

  const read = async ({ generations }: State) => generations.snapshot('account').read('script');
  const commands = async () => {
    const stats = String(await redis.server.command('INFO', 'commandstats'));
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  };

  beforeEach(async () => {
    state = await openStill();
    // Redis knows the account and the script from now on.
    await read(state);
  });

  it('is one command for all operations that begin in one turn', async () => {
    const before = await commands();
    const reads = [read(state), read(state)];
    await Promise.resolve();
    await Promise.all([...reads, read(state)]);
    expect((await commands()) - before).toBe(1);
  });

  it('does not join a command that Redis has run, as another process may have written since', async () => {
    const proxy = await startProxy(redis.server.url);
    closing.push(proxy.close);
    const behind = await openStill({ url: proxy.url });
    await read(behind);
    proxy.hold();
    // Here the driver is about to write, so it writes the first look before the turn ends.
    const first = setImmediate().then(() => read(behind));
    const document = behind.documents.get('account', 'hash');
    await proxy.whenHeld();
    const write = await state.generations.snapshot('account').write(['script'], 60_000);
    await write.end('done', 0);
    const second = read(behind);
    await setImmediate();
    proxy.release();
    await document;
    expect((await second).number).not.toBe((await first).number);
    expect((await second).number).toBe((await read(state)).number);
  });
});
