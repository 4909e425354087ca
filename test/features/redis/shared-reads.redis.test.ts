import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { answerAs, answerPlainly } from '../../support/api/plain-api.ts';
import { type Respond, startRecorder } from '../../support/api/recorder.ts';
import { createVersions, marksIn } from '../../support/api/versions.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { DELETE, EDIT, TOGGLE, UPDATE } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../../support/clients/reads.ts';
import type { Result } from '../../support/gateways/gateway.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { arrival, eventually, expectCalls } from '../../support/vitest/waiting.ts';

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

  it('keep the cache entries that a write does not touch', async () => {
    const [one, other] = (await fixture.openAll(2, {
      upstream: recorder.url,
      transport: { freshMs: 60_000 },
    })) as [Gateway, Gateway];
    await one.execute(SCRIPTS, { ids: ['a', 'b'] }, KEY);
    await other.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
    await one.execute(SCRIPT, { id: 'b' }, KEY);
    expect(recorder.lines().filter((line) => line === 'GET /scripts/b')).toHaveLength(1);
  });

  it('keep a cache entry for its whole time where no quota remembers the account', async () => {
    const [one, other] = (await fixture.openAll(2, {
      upstream: recorder.url,
      transport: { rate: 0, freshMs: 60_000 },
    })) as [Gateway, Gateway];
    await one.execute(SCRIPT, { id: 'a' }, KEY);
    // A key that was only asked about is forgotten by then.
    await delay(10_500);
    for (const gateway of [one, other]) {
      const { extensions } = await gateway.execute(SCRIPT, { id: 'a' }, REPORT);
      expect(extensions?.upstream).toMatchObject({ calls: 0, fresh: 1 });
    }
    await expectCalls(recorder, 1);
  });

  it('share no call that began before a write, and what that call brings is not kept', async () => {
    const { hold, answer, release } = createVersions();
    respond = hold;
    const [one, other] = await openTwo();
    const early = one.execute(SCRIPT, { id: 'a' }, KEY);
    await arrival(recorder, 0);
    respond = answer;
    await other.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
    expect((await other.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name).toBe('v2');
    release();
    expect((await early).data?.script?.name).toBe('v1');
    for (const gateway of [one, other]) {
      expect((await gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name).toBe('v2');
    }
  });

  it('neither serve nor keep anything of what a write is under way to', async () => {
    const versions = createVersions();
    respond = versions.answer;
    const [one, other] = await openTwo();
    const read = () => other.execute(SCRIPT, { id: 'a' }, KEY);
    await read();
    respond = (recorded, response) =>
      recorded.line.startsWith('POST')
        ? versions.hold(recorded, response)
        : versions.answer(recorded, response);
    const write = one.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
    await arrival(recorder, 1);
    expect([await read(), await read()].map(({ data }) => data?.script?.name)).toEqual(['v2', 'v2']);
    await expectCalls(recorder, 4);
    versions.release();
    await write;
    expect([await read(), await read()].map(({ data }) => data?.script?.name)).toEqual(['v2', 'v2']);
    // One after the write by its own gateway, if it selects anything, and one by the other.
    expect(recorder.lines().filter((line) => line.startsWith('GET')).length).toBeLessThanOrEqual(5);
  });

  it('renew in the background what they have served while the quota had no room', async () => {
    const transport = { rate: 5, freshMs: 500, staleMs: 600_000 };
    const gateway = await fixture.open({ upstream: recorder.url, transport });
    await gateway.execute(SCRIPT, { id: 'a' }, KEY);
    await delay(501);
    const client = new AbortController();
    const ids = Array.from({ length: 100 }, (_one, index) => `id-${index}`);
    const others = gateway.execute(SCRIPTS, { ids }, KEY, client.signal);
    await eventually(() => expect(recorder.calls.length).toBeGreaterThan(4));
    const { extensions } = await gateway.execute(SCRIPT, { id: 'a' }, KEY);
    expect(extensions?.upstream).toMatchObject({ stale: 1 });
    client.abort();
    await expect(others).rejects.toThrow('abort');
    const renewed = () => recorder.lines().filter((line) => line === 'GET /scripts/a');
    await eventually(() => expect(renewed()).toHaveLength(2));
  });

  it('let nobody wait for the call of a caller who waits for a rate of its own', async () => {
    const credentials = {
      heldKey: 'held',
      keyRing: ringOf([{ name: 'capped', rate: 1 }, { name: 'polite' }]),
    };
    const gateways = await fixture.openAll(2, { upstream: recorder.url, credentials });
    const client = new AbortController();
    // The last one has its turn after 20 s.
    const ids = Array.from({ length: 20 }, (_one, index) => `id-${index}`);
    const capped = gateways[0]?.execute(SCRIPTS, { ids }, bearer('capped'), client.signal);
    await eventually(() => expect(recorder.calls.length).toBeGreaterThanOrEqual(1));
    for (const [index, gateway] of gateways.entries()) {
      const id = `id-${19 - index}`;
      expect((await gateway.execute(SCRIPT, { id }, bearer('polite'))).data?.script?.name).toBe(
        `name of ${id}`,
      );
    }
    expect(recorder.lines()).not.toContain('GET /scripts/id-17');
    client.abort();
    await expect(capped).rejects.toThrow('abort');
  });

  it('let nobody wait behind the reads of another caller of the same gateway', async () => {
    const credentials = { heldKey: 'held', keyRing: ringOf([{ name: 'greedy' }, { name: 'polite' }]) };
    const gateway = await fixture.open({ upstream: recorder.url, transport: { rate: 5 }, credentials });
    const client = new AbortController();
    // The last one has its turn after 20 s.
    const ids = Array.from({ length: 100 }, (_one, index) => `id-${index}`);
    const greedy = gateway.execute(SCRIPTS, { ids }, bearer('greedy'), client.signal);
    await eventually(() => expect(recorder.calls.length).toBeGreaterThanOrEqual(5));
    const { data } = await gateway.execute(SCRIPT, { id: 'id-99' }, bearer('polite'));
    expect(data?.script?.name).toBe('name of id-99');
    expect(recorder.lines()).not.toContain('GET /scripts/id-80');
    client.abort();
    await expect(greedy).rejects.toThrow('abort');
  });

  it('make their own calls where the one that they wait for has failed', async () => {
    let asked = 0;
    respond = (recorded, response) => {
      asked += 1;
      if (asked === 1) return void response.end('{}');
      return answerPlainly(recorded, response);
    };
    const gateways = await openAll(2);
    const answers = await Promise.all(gateways.map((gateway) => gateway.execute(SCRIPT, { id: 'a' }, KEY)));
    expect(answers.map(({ data }) => data?.script?.name)).toContain('name of a');
    await expectCalls(recorder, 2);
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
    await register(one, '{ sentinelDocument: __typename }');
    await eventually(async () => {
      const keys = (await fixture.redis.command('KEYS', '*')) as string[];
      expect(
        keys.some((one) => one.includes(':entry-')) && keys.some((one) => one.endsWith(':documents')),
      ).toBe(true);
    });
    const dump = (await fixture.redis.dump()).toString('latin1');
    for (const secret of SECRETS) {
      for (const form of [secret, Buffer.from(secret).toString('base64').slice(1, -4), hashOf(secret)]) {
        expect([secret, dump.includes(form)]).toEqual([secret, false]);
      }
    }
    expect(dump.includes(hashOf('{ sentinelDocument: __typename }'))).toBe(false);
  });

  it('find a document that a client has registered with another one', async () => {
    const [one, other] = await openTwo();
    const query = '{ registered: __typename }';
    await one.execute(SCRIPT, { id: 'a' }, KEY);
    expect(await register(one, query)).toEqual({ data: { registered: 'Query' } });
    await eventually(async () => expect(await ask(other, query)).toEqual({ data: { registered: 'Query' } }));
  });
});

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Fetching {
  readonly url: string;
}

const post = async ({ url }: Fetching, body: object): Promise<Result<unknown>> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...KEY },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Result<unknown>;
};
const persisted = (query: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(query) } });
const register = (gateway: Fetching, query: string) => post(gateway, { query, extensions: persisted(query) });
const ask = (gateway: Fetching, query: string) => post(gateway, { extensions: persisted(query) });
