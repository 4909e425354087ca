import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { busiestSecond } from '../../support/api/distant-recorder.ts';
import { startVersionApi } from '../../support/api/version-api.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { createSeeded } from '../../support/random/seeded.ts';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const SEED = process.env.FUZZ_SEED ?? '1';
const SCRIPTS = Array.from({ length: 30 }, (_one, index) => `s${index}`);
const READERS = 16;
const WRITERS = 3;
const LEAST_READS = 3_000;
const LEAST_WRITES = 50;

/** A process whose Redis answers too late on a busy machine does not start, which is no history yet. */
const UNTIL_THEY_START = { count: 4, condition: /Redis cannot be used at/ };

interface Answer {
  readonly data?: {
    readonly script?: { readonly name: string } | null;
    readonly updateScript?: { readonly __typename: string };
  } | null;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  readonly extensions?: { readonly upstream?: { readonly coordination?: string } };
}

/**
 * Processes with one key before one REST API, read and written at random. A read that starts after the answer to a
 * write shows that write, at whichever process. Never do more than 50 requests arrive in a second.
 */
describeWithRedis('a history over several processes', { timeout: 240_000, retry: UNTIL_THEY_START }, () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function open() {
    const redis = await startRedis();
    closing.push(redis.close);
    const api = await startVersionApi(SEED);
    closing.push(api.close);
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    const start = (url: string) =>
      startProcess({ PORT: '0', REDIS_URL: url, LUAAUTH_API_URL: api.url, LOG_LEVEL: 'warn' });
    const processes = [start(redis.url), start(redis.url), start(redis.url), start(proxy.url)];
    closing.push(() => Promise.all(processes.map((one) => one.kill())));
    const urls = await Promise.all(processes.map((one) => one.listening()));
    /** Kills one as nothing else does, and puts another in its place. */
    const replace = async (index: number) => {
      await (processes[index] as GatewayProcess).kill();
      urls[index] = '';
      processes[index] = start(redis.url);
      urls[index] = await (processes[index] as GatewayProcess).listening();
    };
    return { redis, api, proxy, urls, replace };
  }

  type Opened = Awaited<ReturnType<typeof open>>;

  /** Reads and writes until `isOver`, and at least as often as is wanted; gives what was seen. */
  async function run({ api, urls }: Opened, isOver: () => boolean) {
    const random = createSeeded(SEED, 'history');
    const accepted = new Map<string, number>();
    const written = new Set<string>();
    const seen = { reads: 0, lost: 0, writes: 0, stale: [] as string[] };
    const anyUrl = () => random.pick(urls.filter((url) => url !== ''));

    const read = async () => {
      const script = random.pick(SCRIPTS);
      const least = accepted.get(script) ?? 0;
      const answer = await post(anyUrl(), 'script(id: $id) { name }', script);
      if (!answer?.data?.script) return;
      seen.reads += 1;
      if (answer.extensions?.upstream?.coordination === 'lost') seen.lost += 1;
      else if (Number(answer.data.script.name) < least) {
        seen.stale.push(`${script} shows ${answer.data.script.name}, not ${least}`);
      }
    };

    const write = async () => {
      const script = random.pick(SCRIPTS.filter((one) => !written.has(one)));
      written.add(script);
      const answer = await post(
        anyUrl(),
        'updateScript(input: { id: $id, source: "x" }) { __typename }',
        script,
        'mutation',
      );
      written.delete(script);
      if (answer?.data?.updateScript?.__typename !== 'UpdateScriptSuccess') return;
      if (answer.extensions?.upstream?.coordination === 'lost') return;
      seen.writes += 1;
      // Asked for at once: a write that is carried out later may not be in it.
      const version = await api.versionOf(script);
      accepted.set(script, Math.max(version, accepted.get(script) ?? 0));
    };

    const repeat = async (action: () => Promise<void>, pauseMs: number) => {
      while (!isOver() || seen.reads < LEAST_READS || seen.writes < LEAST_WRITES) {
        await action();
        await delay(random.below(pauseMs));
      }
    };
    await Promise.all([
      ...Array.from({ length: READERS }, () => repeat(read, 20)),
      ...Array.from({ length: WRITERS }, () => repeat(write, 400)),
    ]);
    return seen;
  }

  it('never shows the state before a write that was answered, whatever becomes of a process or of Redis', async () => {
    const opened = await open();
    const { redis, proxy, replace, api } = opened;
    let isOver = false;
    const running = run(opened, () => isOver);
    const troubles = [
      () => delay(4_000),
      () => redis.command('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => undefined),
      () => redis.command('DEBUG', 'SLEEP', '1'),
      () => redis.command('FLUSHALL'),
      async () => {
        await redis.stop();
        await delay(1_000);
        await redis.start();
      },
      async () => {
        proxy.cut();
        await delay(5_000);
        proxy.mend();
      },
      () => replace(1),
      () => delay(4_000),
    ];
    for (const trouble of troubles) {
      await trouble();
      await delay(4_000);
    }
    isOver = true;
    const { stale, lost } = await running;
    const arrivals = await api.arrivals();
    expect(stale).toEqual([]);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
    expect(lost).toBeGreaterThan(0);
  });
});

/** A third of the work of the global fetch. */
const client = new Agent();

/** Undefined: the process has ended. */
async function post(
  url: string,
  field: string,
  id: string,
  kind: 'query' | 'mutation' = 'query',
): Promise<Answer | undefined> {
  const query = `${kind} ($id: ID!) { ${field} }`;
  try {
    const { body } = await client.request({
      origin: url,
      path: '/graphql',
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'key-a' },
      body: JSON.stringify({ query, variables: { id } }),
    });
    return (await body.json()) as Answer;
  } catch {
    return undefined;
  }
}
