import { setTimeout as delay } from 'node:timers/promises';
import { type BenchRequest, oneScript } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { median } from '../figures.ts';
import { loadSteadily } from '../load/steady.ts';
import { cpuTimeMs, residentMb } from '../process.ts';
import { type Served, serve } from '../serve.ts';
import { ofTheGateway } from '../subjects.ts';
import type { Curve, Measure } from './curve.ts';
import { startRedis } from './redis.ts';

interface Shared {
  readonly cpuMsPerSecond: number;
  readonly redisCpuMsPerSecond: number;
  readonly p99Ms: number;
  readonly callsPerSecond: number;
  readonly residentMb: number;
}

const COUNTS = [1, 2, 5, 10];
/** Operations a second of all gateways together: within the quota of 50 that they share. */
const TOTAL_RATE = 40;
/** How much longer a point takes than in other curves, because CPU time is counted in steps of 10 ms. */
const LONGER = 3;
/** After the start the gateways get to know each other. */
const SETTLE_MS = 3_000;

/** More and more gateways that share one quota in one Redis, with the same load in all. */
export async function measureGateways(options: RoundOptions): Promise<Curve> {
  const { rounds, seconds, onProgress } = options;
  const samples = new Map<number, Shared[]>(COUNTS.map((count) => [count, []]));
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const count of COUNTS) {
      onProgress(`${count} gateways, round ${round + 1} of ${rounds}`);
      try {
        samples.get(count)?.push(await measureShared(count, LONGER * seconds, options));
      } catch (error) {
        failures.push(`${count} gateways: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  const measure = (
    label: string,
    digits: number,
    role: Measure['role'],
    pick: (shared: Shared) => number,
  ): Measure => ({
    ...{ label, digits, role },
    series: [
      {
        points: [...samples]
          .filter(([, shared]) => shared.length > 0)
          .map(([items, shared]) => ({ items, value: median(shared.map(pick)) })),
      },
    ],
  });
  return {
    name: 'gateways',
    title: 'CPU time, and the gateways on one Redis',
    items: 'gateways',
    measures: [
      measure('CPU ms per second, all gateways', 0, 'cost', ({ cpuMsPerSecond }) => cpuMsPerSecond),
      measure('CPU ms of Redis per second', 1, 'cost', ({ redisCpuMsPerSecond }) => redisCpuMsPerSecond),
      measure('p99 ms', 1, 'told', ({ p99Ms }) => p99Ms),
      measure('REST calls/s', 1, 'told', ({ callsPerSecond }) => callsPerSecond),
      measure('resident memory MB', 0, 'told', (shared) => shared.residentMb),
    ],
    notes: [
      `All gateways together serve ${TOTAL_RATE} reads a second, at a steady rate, each of another script. That is within their common quota of 50. Nothing is cached. CPU time includes the work of a gateway without requests.`,
    ],
    failures,
  };
}

async function measureShared(count: number, seconds: number, { upstream }: RoundOptions): Promise<Shared> {
  const redis = await startRedis();
  const gateway = ofTheGateway('this gateway', {
    ...{ REDIS_URL: redis.url, LUAAUTH_RATE: '50', LUAAUTH_TOTAL_RATE: '0' },
  });
  const { requests } = oneScript();
  const gateways: Served[] = [];
  try {
    for (let started = 0; started < count; started++)
      gateways.push(await serve(gateway, upstream, requests[started] as BenchRequest));
    await delay(SETTLE_MS);
    const cpuMs = () => gateways.reduce((sum, { pid }) => sum + cpuTimeMs(pid), 0);
    const before = { cpuMs: cpuMs(), redisMs: cpuTimeMs(redis.pid), calls: await upstream.countRequests() };
    const share = Math.floor(requests.length / count);
    const loads = await Promise.all(
      gateways.map(({ url }, index) => {
        const bodies = requests.slice(index * share, (index + 1) * share).map(({ body }) => body);
        return loadSteadily({ url, bodies, rate: TOTAL_RATE / count, seconds, connections: 8 });
      }),
    );
    const latencies = loads
      .flatMap(({ dueAt, answeredAt }) => [...answeredAt].map((at, index) => at - (dueAt[index] as number)))
      .sort((a, b) => a - b);
    return {
      cpuMsPerSecond: (cpuMs() - before.cpuMs) / seconds,
      redisCpuMsPerSecond: (cpuTimeMs(redis.pid) - before.redisMs) / seconds,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
      callsPerSecond: ((await upstream.countRequests()) - before.calls) / seconds,
      residentMb: gateways.reduce((sum, { pid }) => sum + residentMb(pid), 0),
    };
  } finally {
    await Promise.all(gateways.map((one) => one.stop()));
    await redis.stop();
  }
}
