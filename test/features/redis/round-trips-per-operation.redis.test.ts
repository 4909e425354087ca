import { beforeEach, expect, it } from 'vitest';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../../support/clients/reads.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const KEY = { token: 'key-a' };
const TRIES = 100;

describeWithRedis('an operation waits for Redis', { timeout: 120_000 }, () => {
  const fixture = useSeveralGateways();
  let gateway: GatewayOfSeveral;
  let other: GatewayOfSeveral;
  let proxy: Awaited<ReturnType<typeof startProxy>>;

  beforeEach(async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    proxy = await startProxy(fixture.redis.url);
    fixture.closing.push(proxy.close);
    const transport = { freshMs: 60_000 };
    gateway = await fixture.open({ upstream: recorder.url, transport, redis: { url: proxy.url } });
    other = await fixture.open({ upstream: recorder.url, transport });
    // The account is known, and the silence at the beginning over.
    await gateway.execute(SCRIPT, { id: 'first' }, KEY);
    await other.execute(SCRIPT, { id: 'first' }, KEY);
  });

  /** Lets one answer of Redis through after the other, until the operation is answered. @returns how many it took */
  async function answersUntil(operation: Promise<{ readonly errors?: unknown }>): Promise<number> {
    const over = operation.then(() => true);
    let answers = 0;
    // At once, so that as few beats as can be come in between.
    while (!(await Promise.race([over, proxy.whenHeld().then(() => false)]))) {
      answers += 1;
      proxy.letThrough();
    }
    proxy.release();
    expect((await operation).errors).toBeUndefined();
    return answers;
  }

  /**
   * Redis answers the beats of the gateway as well, which only adds: so this takes the least of several tries, and begins them
   * after a beat, as far as possible from the next.
   */
  async function waitsFor(
    expected: number,
    run: (attempt: string) => Promise<{ readonly errors?: unknown }>,
    prepare: (attempt: string) => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < TRIES && least !== expected; attempt += 1) {
      await prepare(`${attempt}`);
      const answers = proxy.answers();
      if (attempt > 0) await eventually(() => expect(proxy.answers()).toBeGreaterThan(answers));
      proxy.hold();
      least = Math.min(least, await answersUntil(run(`${attempt}`)));
    }
    expect(least).toBe(expected);
  }

  it('once for any number of cache entries of its own', async () => {
    await gateway.execute(WHOLE_SCRIPT, { id: 'a' }, KEY);
    await gateway.execute(SCRIPTS, { ids: ['b', 'c', 'd'] }, KEY);
    await waitsFor(1, () => gateway.execute(WHOLE_SCRIPT, { id: 'a' }, KEY));
    await waitsFor(1, () => gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c', 'd'] }, KEY));
  });

  it('once more for all entries that another one has cached', async () => {
    const ids = (attempt: string) => ({ ids: [`a${attempt}`, `b${attempt}`] });
    await waitsFor(
      2,
      (attempt) => gateway.execute(SCRIPTS, ids(attempt), KEY),
      (attempt) => other.execute(SCRIPTS, ids(attempt), KEY),
    );
  });

  it('three times before a call: for what was written, the cache entry and a permit', async () => {
    await waitsFor(3, (attempt) => gateway.execute(SCRIPT, { id: `a${attempt}` }, KEY));
  });

  it('three times for a write', async () => {
    await waitsFor(3, (name) => gateway.execute(EDIT, { input: { id: 'a', name } }, KEY));
  });

  it('not at all where it needs no REST call', async () => {
    await waitsFor(0, () => gateway.execute('{ __typename }', undefined, KEY));
  });
});
