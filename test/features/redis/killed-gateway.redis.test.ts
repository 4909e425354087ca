import { beforeEach, expect, it } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { type Respond, startRecorder } from '../../support/api/recorder.ts';
import { createVersions } from '../../support/api/versions.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { whileRedisIsKept } from '../../support/redis/kept-redis.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { arrival, eventually, expectCalls } from '../../support/vitest/waiting.ts';

const KEY = { token: 'key-a' };
const LIMIT = graphql(/* GraphQL */ `
  query ReadLimit {
    rateLimit {
      limit
    }
  }
`);
const CAPPED = bearer('capped');

describeWithRedis('a gateway that is killed', { timeout: 180_000 }, () => {
  const fixture = useSeveralGateways();
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let respond: Respond;
  let victim: GatewayProcess;
  let url: string;

  async function begin(): Promise<void> {
    respond = answerPlainly;
    recorder = await startRecorder((recorded, response) => respond(recorded, response));
    fixture.closing.push(() => recorder.close());
    victim = startProcess({
      PORT: '0',
      REDIS_URL: fixture.redis.url,
      LUAAUTH_API_URL: recorder.url,
      LUAAUTH_RATE: '2',
    });
    fixture.closing.push(() => victim.kill().catch(() => undefined));
    url = await victim.listening();
  }
  beforeEach(begin);

  const whileItHasRedis = (title: string, attempt: () => Promise<void>) =>
    it(title, () =>
      whileRedisIsKept(
        () => [victim],
        attempt,
        async () => {
          await fixture.beginAnew();
          await begin();
        },
      ),
    );

  /** Asks the one that is to be killed; nobody waits for the answer. */
  const ask = (query: string) =>
    void fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...KEY },
      body: JSON.stringify({ query }),
    }).catch(() => undefined);

  const openOther = () =>
    fixture.open({
      upstream: recorder.url,
      transport: { rate: 2 },
      timeouts: { read: 30_000, write: 30_000 },
    });

  whileItHasRedis('as the one that fetches for all: another one makes the call', async () => {
    const other = await openOther();
    respond = () => undefined;
    ask('{ script(id: "a") { id name } }');
    await arrival(recorder, 0);
    const waiting = other.execute(SCRIPT, { id: 'a' }, KEY);
    respond = answerPlainly;
    await expectCalls(recorder, 1);
    await victim.kill();
    expect((await waiting).data?.script?.name).toBe('name of a');
    await expectCalls(recorder, 2);
  });

  whileItHasRedis('with permits: they are free when their lease ends', async () => {
    const other = await openOther();
    respond = () => undefined;
    ask('{ a: script(id: "a") { name } b: script(id: "b") { name } }');
    await arrival(recorder, 1);
    await victim.kill();
    respond = answerPlainly;
    const answers = await Promise.all(['c', 'd'].map((id) => other.execute(SCRIPT, { id }, KEY)));
    expect(answers.map(({ errors }) => errors)).toEqual([undefined, undefined]);
  });

  whileItHasRedis('leaves others all but its share of each quota, small ones too', async () => {
    const other = await fixture.open({
      upstream: recorder.url,
      credentials: { heldKey: 'held', keyRing: ringOf([{ name: 'capped', rate: 10 }]) },
      timeouts: { read: 10_000, write: 10_000 },
    });
    const limit = async () => (await other.execute(LIMIT, {}, CAPPED)).data?.rateLimit.limit;
    // Its first share may take some seconds, if the victim is slow and seems to be absent.
    await eventually(async () => expect(await limit()).toBe(50));
    // The victim has seen that they are two.
    const [instances] = (await fixture.redis.command('KEYS', '*:instances')) as string[];
    await eventually(async () => {
      const counts = (await fixture.redis.command('HVALS', String(instances))) as string[];
      expect(counts.map((line) => line.split(' ')[2])).toEqual(['2', '2']);
    });
    await victim.kill();
    await eventually(async () => expect(await limit()).toBe(25));
    // Half of ten in a second, where one in a second would leave some without a permit.
    const ids = Array.from({ length: 12 }, (_one, index) => `${index}`);
    expect((await other.execute(SCRIPTS, { ids }, CAPPED)).errors).toBeUndefined();
  });

  whileItHasRedis(
    'in a write: nothing of what it may change is served or kept, as it may yet be carried out',
    async () => {
      const versions = createVersions();
      respond = versions.answer;
      const other = await openOther();
      const read = async () => (await other.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name;
      expect(await read()).toBe('v1');
      respond = (recorded, response) =>
        recorded.line.startsWith('POST') ? undefined : versions.answer(recorded, response);
      ask('mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }');
      await arrival(recorder, 1);
      await victim.kill();
      expect(await read()).toBe('v1');
      // A write that has begun is carried out although nobody waits for it.
      versions.answer(
        { line: 'POST /scripts/a/toggle' } as never,
        { writeHead: () => ({ end: () => undefined }) } as never,
      );
      expect(await read()).toBe('v2');
      const doubts = (await fixture.redis.command('KEYS', '*:doubts')) as string[];
      expect(await fixture.redis.command('HLEN', String(doubts[0]))).toBeGreaterThan(0);
    },
  );
});
