import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const KEY = { token: 'key-a' };
const FULL = 'Redis is full (OOM). Raise its maxmemory, or take out what else is in it';
const READ_ONLY = 'Redis is a replica, which is read-only (READONLY). Set REDIS_URL to the primary';

describeWithEachEngine('a Redis that takes no writes', (engine) => {
  const fixture = useSeveralGateways(engine);
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  const processes: GatewayProcess[] = [];

  beforeEach(async () => {
    fixture.mayLose = true;
    recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
  });
  afterEach(async () => {
    for (const one of processes.splice(0)) await one.kill().catch(() => undefined);
  });

  const fill = () => fixture.redis.command('CONFIG', 'SET', 'maxmemory', '1');
  const empty = () => fixture.redis.command('CONFIG', 'SET', 'maxmemory', '0');
  const demote = () => fixture.redis.command('REPLICAOF', '127.0.0.1', '1');
  const promote = () => fixture.redis.command('REPLICAOF', 'NO', 'ONE');
  const open = () => fixture.open({ upstream: recorder.url, redis: { instances: 2 } });
  const read = async (gateway: GatewayOfSeveral) => {
    const { data, extensions } = await gateway.execute(SCRIPT, { id: 'a' }, KEY);
    return [data?.script?.name, extensions];
  };
  const LOST = ['name of a', { upstream: expect.objectContaining({ coordination: 'lost' }) }];

  it.each([
    ['is full', fill, empty, FULL],
    ['is read-only', demote, promote, READ_ONLY],
  ])(
    'and %s: gateways begin with their share, say why, and count together once it does',
    async (_name, begin, end, why) => {
      await begin();
      const gateway = await open();
      expect([gateway.isLost(), gateway.losses.map(({ message }) => message)]).toEqual([true, [why]]);
      expect(await read(gateway)).toEqual(LOST);
      await end();
      await eventually(() => expect(gateway.isLost()).toBe(false));
      expect(await read(gateway)).toEqual(['name of a', undefined]);
    },
  );

  it.each([
    ['becomes full', fill, empty, FULL],
    ['becomes a replica', demote, promote, READ_ONLY],
  ])(
    'and %s: gateways go on with their share, and count together once it does',
    async (_name, begin, end, why) => {
      const gateway = await open();
      await read(gateway);
      await begin();
      await eventually(() => expect(gateway.isLost()).toBe(true));
      expect(gateway.losses.map(({ message }) => message)).toEqual([why]);
      await end();
      await eventually(() => expect(gateway.isLost()).toBe(false));
    },
  );

  it('is named in the log of a process that begins with it', async () => {
    await fill();
    const started = startProcess({
      PORT: '0',
      REDIS_URL: fixture.redis.url,
      LUAAUTH_API_URL: recorder.url,
      LUAAUTH_INSTANCES: '1',
    });
    processes.push(started);
    const url = await started.listening();
    expect((await fetch(`${url}/readiness`)).status).toBe(200);
    expect(started.output.stdout).toContain(`"reason":${JSON.stringify(FULL)}`);
    expect(started.output.stdout).toContain(
      'Redis is lost: this gateway continues with its share of the quota',
    );
  });
});
