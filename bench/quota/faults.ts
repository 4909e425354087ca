/** `npm run bench:faults`: what is left of the quota while the network, Redis or gateways fail. See README.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startProxy } from '../../test/support/network/proxy.ts';
import { startRedisClock } from '../../test/support/redis/redis-clock.ts';
import { type DistantApi, longestGap, openDistantApi, worstSecond } from './support/arrivals.ts';
import type { GraphAnswer } from './support/client.ts';
import { type GatewayProcess, openGateway } from './support/gateway.ts';
import { createRenames } from './support/renames.ts';
import { openRedis, type StallingRedis } from './support/stalling-redis.ts';

const RATE = 50;
/** At each gateway, at any time: more than the quota lets through. */
const READS_AT_ONCE = 60;
const CALM_MS = 3_000;

interface Fault {
  readonly title: string;
  /** Gives how many reads showed an old name, if the fault is about names. */
  readonly run: (bed: TestBed, signal: AbortSignal) => Promise<void> | Promise<string>;
  readonly latencyMs?: readonly [number, number];
  readonly variables?: Readonly<Record<string, string>>;
}

type Clock = Awaited<ReturnType<typeof startRedisClock>>;

interface TestBed {
  readonly clock: Clock;
  readonly api: DistantApi;
  readonly redis: StallingRedis;
  readonly seconds: number;
  readonly kill: () => Promise<void>;
  /** From now on the address of Redis leads to its standby, or back. */
  readonly turnToStandby: (isToStandby: boolean) => void;
  readonly urls: readonly string[];
}

const stalls = (stallMs: number, everyMs: number): Fault => ({
  title: `Redis stands still ${stallMs} of every ${everyMs} ms`,
  run: ({ redis }, signal) => redis.stall(stallMs, everyMs, signal),
});
/** Again and again, with time in between for all to go on. */
const jumps = (ms: number): Fault => ({
  title: `the clock of Redis jumps forward by ${ms} ms every 5 s`,
  async run({ clock }, signal) {
    for (let jumped = 1; !signal.aborted; jumped += 1) {
      await clock.jump(jumped * ms);
      await delay(5_000, undefined, { signal }).catch(() => undefined);
    }
  },
});
const FAST = { wayMs: 2, workMs: 0 };
/** Long enough for all that a cut has held back to be over. */
const BETWEEN_CUTS_MS = 3_000;

const cuts = (cutMs: number): Fault => ({
  title: `the network to the API is cut for ${cutMs / 1_000} s, and works for ${BETWEEN_CUTS_MS / 1_000} s`,
  async run({ api }, signal) {
    while (!signal.aborted) {
      api.set({ ...FAST, cutMs });
      await delay(cutMs + BETWEEN_CUTS_MS);
    }
  },
});
const drops: Fault = {
  title: 'the way to the API takes 700 ms for 4 s, then 2 ms for 3 s',
  async run({ api }, signal) {
    while (!signal.aborted) {
      api.set({ wayMs: 700, workMs: 0 });
      await delay(4_000);
      api.set(FAST);
      await delay(3_000);
    }
  },
};
/** Long enough for gateways to notice that they have lost a Redis. */
const NOTICE_MS = 1_000;
/** The Redis that returns has the name from before the rename. */
const returns: Fault = {
  title: 'the address of Redis leads to a standby, and back once a script is renamed',
  variables: { FRESH_MS: '60000' },
  async run({ turnToStandby, urls }, signal) {
    const script = createRenames(urls, send, signal);
    const turn = async (isToStandby: boolean) => {
      turnToStandby(isToStandby);
      await delay(NOTICE_MS);
      await script.whenCoordinated();
    };
    while (!signal.aborted) {
      await script.read();
      await turn(true);
      if (!signal.aborted) await script.rename();
      await turn(false);
    }
    return script.summary();
  },
};
const FAULTS: Readonly<Record<string, Fault>> = {
  none: { title: 'nothing fails', run: async () => undefined },
  stalls300: stalls(300, 900),
  stalls500: stalls(500, 1_600),
  stalls200: stalls(200, 1_200),
  latency: { title: 'Redis answers after 50 to 200 ms', run: async () => undefined, latencyMs: [50, 200] },
  clock40: jumps(40),
  clock900: jumps(900),
  clock5000: jumps(5_000),
  drift: { title: 'the clock of Redis is fast by 5 %', run: ({ clock }) => clock.drift(0.05) },
  cut1: cuts(1_000),
  cut3: cuts(3_000),
  cut6: cuts(6_000),
  drops,
  work: {
    title: 'the API works for up to 2.4 s on each request',
    run: async ({ api }) => api.set({ wayMs: 2, workMs: 2_400 }),
  },
  returns,
  deaths: { title: 'all gateways are killed and replaced', run: ({ kill }) => kill() },
};

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    gateways: { type: 'string', default: '1,3' },
    only: { type: 'string', default: Object.keys(FAULTS).join(',') },
  },
});

console.log(
  '| gateways | fault | worst second | calls a second | longest gap, ms | longest under half of the share, ms | reads of an old name |',
);
console.log('| ---: | --- | ---: | ---: | ---: | ---: | --- |');
for (const count of values.gateways.split(',').map(Number)) {
  for (const name of values.only.split(','))
    await measure(count, FAULTS[name] as Fault, Number(values.seconds));
}

async function measure(count: number, fault: Fault, seconds: number): Promise<void> {
  const redis = await openRedis();
  const api = await openDistantApi();
  const proxy = fault.latencyMs && (await redis.behind(...fault.latencyMs));
  const clock = await startRedisClock(redis);
  const standby = await openRedis();
  const address = await startProxy(clock.url);
  const prefix = `faults-${process.pid}`;
  const start = () =>
    openGateway(api.url, {
      redisUrl: proxy?.url ?? address.url,
      workers: '1',
      redisPrefix: prefix,
      profileDirectory: undefined,
      variables: { LUAAUTH_INSTANCES: String(count), REDIS_REQUIRED: 'false', ...fault.variables },
    });
  const startAll = () => Promise.all(Array.from({ length: count }, start));
  let gateways = await startAll();
  const over = new AbortController();
  let asking = gateways.map((gateway) => askAll(gateway, over.signal));
  try {
    await delay(CALM_MS);
    await api.arrivals();
    const failing = fault.run(
      {
        api,
        redis,
        clock,
        seconds,
        urls: gateways.map(({ url }) => url),
        turnToStandby: (isToStandby) => address.turnTo(isToStandby ? standby.url : clock.url),
        async kill() {
          for (const gateway of gateways) gateway.kill();
          gateways = await startAll();
          asking = [...asking, ...gateways.map((gateway) => askAll(gateway, over.signal))];
        },
      },
      over.signal,
    );
    await delay(seconds * 1_000);
    const arrivals = await api.arrivals();
    over.abort();
    const oldNames = await failing;
    const share = Math.floor(RATE / count) * count;
    console.log(
      `| ${count} | ${fault.title} | ${worstSecond(arrivals)} | ${(arrivals.length / seconds).toFixed(1)} | ${longestGap(arrivals)} | ${longestUnder(share / 2, arrivals, seconds * 1_000)} | ${oldNames ?? ''} |`,
    );
  } finally {
    over.abort();
    for (const gateway of gateways) gateway.kill();
    await Promise.all(asking);
    proxy?.close();
    await address.close();
    await clock.close();
    await Promise.all([redis.stop(), standby.stop()]);
    api.stop();
  }
}

/** Reads scripts, each only once, as many at once as are served and more, until the gateway is gone. */
async function askAll({ url }: GatewayProcess, signal: AbortSignal): Promise<void> {
  const ask = async (reader: number) => {
    for (let count = 0; !signal.aborted; count += 1) {
      const query = `{ script(id: "s${reader}x${count}x${Math.random().toString(36).slice(2)}") { name } }`;
      const { errors } = await send(url, JSON.stringify({ query }));
      if (errors) await delay(200);
    }
  };
  const asking = Array.from({ length: READS_AT_ONCE }, (_one, reader) => ask(reader));
  await Promise.allSettled(asking);
}

/** Sends the JSON of an operation. */
async function send(url: string, body: string, token = 'key'): Promise<GraphAnswer> {
  const headers = { 'content-type': 'application/json', token };
  const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
  return (await response.json()) as GraphAnswer;
}

/** How long the calls of each last second stayed under so many, in ms; what came before the first call counts as well. */
function longestUnder(least: number, arrivals: readonly number[], duringMs: number): number {
  const [from = 0] = arrivals;
  const to = arrivals.at(-1) ?? 0;
  let since: number | undefined;
  let longest = duringMs - (to - from);
  for (let at = from + 1_000; at <= to; at += 20) {
    const count = arrivals.filter((arrival) => arrival > at - 1_000 && arrival <= at).length;
    since = count < least ? (since ?? at) : undefined;
    if (since !== undefined) longest = Math.max(longest, at - since);
  }
  return Math.round(longest);
}
