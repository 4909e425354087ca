import { createHash } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { answerAs, answerPlainly } from '../../support/api/plain-api.ts';
import { type Respond, startRecorder } from '../../support/api/recorder.ts';
import { createVersions, marksIn } from '../../support/api/versions.ts';
import { DELETE, EDIT, TOGGLE, UPDATE } from '../../support/clients/mutations.ts';
import { SCRIPT, WHOLE_SCRIPT } from '../../support/clients/reads.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { eventually, expectCalls } from '../../support/vitest/waiting.ts';
import { useSeveralGateways } from './several-gateways.ts';

const KEY = { token: 'key-a' };
const REPORT = { ...KEY, 'x-upstream': 'report' };
const all = (mark: string) => Array(4).fill(mark);

describeWithEachEngine('several gateways', (engine) => {
  const fixture = useSeveralGateways(engine);
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let respond: Respond;

  beforeEach(async () => {
    respond = answerPlainly;
    recorder = await startRecorder((recorded, response) => respond(recorded, response));
    fixture.closing.push(() => recorder.close());
  });

  const openAll = (count: number) =>
    fixture.openAll(count, {
      upstream: recorder.url,
      // Longer than a busy machine takes for a test.
      transport: { freshMs: 60_000 },
      timeouts: { read: 30_000, write: 30_000 },
    });
  const openTwo = async () => (await openAll(2)) as [one: Gateway, other: Gateway];
  type Gateway = Awaited<ReturnType<typeof openAll>>[number];

  /** The names of the entries in Redis, once there are so many: an answer does not wait until its entry is written. */
  const entriesInRedis = async (count: number): Promise<readonly string[]> => {
    const written: string[] = [];
    await eventually(async () => {
      written.length = 0;
      for (const key of (await fixture.redis.command('KEYS', '*:entry-*')) as string[])
        if ((await fixture.redis.command('HEXISTS', key, 'value')) === 1) written.push(key);
      expect(written).toHaveLength(count);
    });
    return written;
  };

  it('make one call for a hundred identical reads at once', fixture.inTime, async () => {
    const gateways = await openAll(4);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_one, index) =>
        (gateways[index % 4] as Gateway).execute(SCRIPT, { id: 'a' }, KEY),
      ),
    );
    expect(answers.map(({ data }) => data?.script?.name)).toEqual(Array(100).fill('name of a'));
    await expectCalls(recorder, 1);
  });

  it('serve what one of them has read', async () => {
    const [one, other] = await openTwo();
    await one.execute(SCRIPT, { id: 'a' }, KEY);
    await entriesInRedis(1);
    const { data, extensions } = await other.execute(SCRIPT, { id: 'a' }, REPORT);
    expect(data?.script?.name).toBe('name of a');
    expect(extensions?.upstream).toMatchObject({ calls: 0, shared: 0, fresh: 1 });
    await expectCalls(recorder, 1);
  });

  it.each([
    ['editScript', (gateway: Gateway) => gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY)],
    ['updateScript', (gateway: Gateway) => gateway.execute(UPDATE, { input: { id: 'a', source: 'x' } }, KEY)],
    [
      'toggleScript',
      (gateway: Gateway) => gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }, KEY),
    ],
    ['deleteScript', (gateway: Gateway) => gateway.execute(DELETE, { input: { id: 'a' } }, KEY)],
  ])('show the state after a write (%s) by any of them, and keep what is read then', async (_name, write) => {
    respond = createVersions().answer;
    const [one, other] = await openTwo();
    const read = (gateway: Gateway) => gateway.execute(WHOLE_SCRIPT, { id: 'a' }, KEY);
    expect(marksIn(await read(one))).toEqual(all('v1'));
    await entriesInRedis(4);
    expect(marksIn(await read(other))).toEqual(all('v1'));
    await expectCalls(recorder, 4);
    await write(one);
    expect(marksIn(await read(other))).toEqual(all('v2'));
    // Those of before are still there, and nobody serves them.
    await entriesInRedis(8);
    expect(marksIn(await read(one))).toEqual(all('v2'));
    await expectCalls(recorder, 9);
  });

  it('show a read after a write in one document what the write has done, at each of them', async () => {
    respond = createVersions().answer;
    const gateways = await openTwo();
    const document = `mutation {
      editScript(input: { id: "a", name: "new" }) { ... on EditScriptSuccess { script { name } } }
    }`;
    const versions: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      const [writing, other] = round % 2 === 0 ? gateways : [gateways[1], gateways[0]];
      const written = await writing.execute<{ editScript: { script: { name: string } } }, object>(
        document,
        {},
        KEY,
      );
      const read = await other.execute(SCRIPT, { id: 'a' }, KEY);
      versions.push([written.data?.editScript.script.name, read.data?.script?.name]);
    }
    expect(versions).toEqual([2, 3, 4, 5].map((version) => [`v${version}`, `v${version}`]));
  });

  it('never show one account what another one may see', async () => {
    respond = (recorded, response) => answerAs(String(recorded.headers.token), recorded, response);
    const gateways = await openAll(2);
    for (const round of [1, 2]) {
      for (const gateway of gateways) {
        for (const token of ['key-a', 'key-b']) {
          const { data } = await gateway.execute(SCRIPT, { id: 'a' }, { token });
          expect([round, data?.script?.name]).toEqual([round, token]);
        }
      }
    }
    await expectCalls(recorder, 2);
  });

  it('throw away an entry that was changed by hand, or put in from another account, and read again', async () => {
    respond = (recorded, response) => answerAs(String(recorded.headers.token), recorded, response);
    const [one, other] = await openTwo();
    await one.execute(SCRIPT, { id: 'a' }, { token: 'key-a' });
    const [ofA = ''] = await entriesInRedis(1);
    await fixture.redis.command('HSET', ofA, 'value', 'changed by hand, and long enough to be something');
    expect((await other.execute(SCRIPT, { id: 'a' }, { token: 'key-a' })).data?.script?.name).toBe('key-a');
    await expectCalls(recorder, 2);

    await one.execute(SCRIPT, { id: 'a' }, { token: 'key-b' });
    const ofB = (await entriesInRedis(2)).find((key) => key !== ofA) as string;
    await fixture.redis.command('COPY', ofA, ofB, 'REPLACE');
    expect((await other.execute(SCRIPT, { id: 'a' }, { token: 'key-b' })).data?.script?.name).toBe('key-b');
    await expectCalls(recorder, 4);
  });

  it('leave no key, no name, no source and no document in the clear in Redis', async () => {
    const SECRETS = [
      'sentinel-key-1f',
      'sentinel-name-2e',
      'sentinel-script-3d',
      'sentinel-source-4c',
      'sentinelDocument',
    ];
    const [key = '', name = '', id = '', source = ''] = SECRETS;
    respond = (recorded, response) => answerAs(name.repeat(200), recorded, response);
    const [one] = await openTwo();
    await one.execute(SCRIPT, { id }, { token: key });
    await one.execute(UPDATE, { input: { id, source } }, { token: key });
    await one.execute(WHOLE_SCRIPT, { id }, { token: key });
    await one.execute(SCRIPT, { id }, KEY);
    await one.execute('{ sentinelDocument: __typename }', {}, KEY);
    await entriesInRedis(6);
    const dump = (await fixture.redis.dump()).toString('latin1');
    expect(dump).toContain('luaauth:{');
    for (const secret of SECRETS) {
      for (const form of [secret, Buffer.from(secret).toString('base64').slice(1, -4), hashOf(secret)]) {
        expect([secret, dump.includes(form)]).toEqual([secret, false]);
      }
    }
  });
});

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
