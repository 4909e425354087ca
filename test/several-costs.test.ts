import { beforeEach, expect, it } from 'vitest';
import { EDIT } from './support/mutations.ts';
import { answerPlainly } from './support/plain-api.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from './support/reads.ts';
import { startRecorder } from './support/recorder.ts';
import { describeWithRedis } from './support/redis.ts';
import { type GatewayOfSeveral, useSeveralGateways } from './support/several-gateways.ts';
import { eventually } from './support/waiting.ts';

const KEY = { token: 'key-a' };

describeWithRedis('what an operation asks of Redis', () => {
  const fixture = useSeveralGateways();
  let gateway: GatewayOfSeveral;
  let other: GatewayOfSeveral;

  beforeEach(async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    const open = () => fixture.open({ upstream: recorder.url, transport: { freshMs: 60_000 } });
    [gateway, other] = [await open(), await open()];
    // The account is known, and the silence at the beginning over.
    await gateway.execute(SCRIPT, { id: 'first' }, KEY);
    await other.execute(SCRIPT, { id: 'first' }, KEY);
  });

  /** Scripts that have run, without the beats of the instances. */
  async function scripts(): Promise<number> {
    const stats = String(await fixture.redis.command('INFO', 'commandstats'));
    const called = (name: string) =>
      Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
    // Each beat sets the entry of its instance twice, and nothing else calls HLEN.
    return called('evalsha') - called('hlen');
  }

  async function costOf(run: () => Promise<unknown>, expected: number): Promise<void> {
    const before = await scripts();
    await run();
    await eventually(async () => expect((await scripts()) - before).toBe(expected));
  }

  it('is one script for any number of copies of its own', async () => {
    await gateway.execute(WHOLE_SCRIPT, { id: 'a' }, KEY);
    await gateway.execute(SCRIPTS, { ids: ['b', 'c', 'd'] }, KEY);
    await costOf(() => gateway.execute(WHOLE_SCRIPT, { id: 'a' }, KEY), 1);
    await costOf(() => gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c', 'd'] }, KEY), 1);
  });

  it('is one more for each copy that another one has kept', async () => {
    await gateway.execute(SCRIPTS, { ids: ['a', 'b'] }, KEY);
    await costOf(() => other.execute(SCRIPTS, { ids: ['a', 'b'] }, KEY), 3);
  });

  it('is five for a call: the fence, the copy, its place, then without waiting the place and the copy again', async () => {
    await costOf(() => gateway.execute(SCRIPT, { id: 'a' }, KEY), 5);
  });

  it('is four for a write, of which three are waited for', async () => {
    await costOf(() => gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY), 4);
  });

  it('is none for what needs no REST call', async () => {
    await costOf(() => gateway.execute('{ __typename }', undefined, KEY), 0);
  });
});
