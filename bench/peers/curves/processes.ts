import { oneScript } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { median, ratios, spread } from '../figures.ts';
import { ofTheGateway, withCache } from '../subjects.ts';
import type { Curve } from './curve.ts';
import {
  callsPerAnswer,
  cpuPerAnswer,
  failuresOf,
  type Measured,
  measureOf,
  measurePoints,
  notFromCopies,
  requestsPerSecond,
} from './measured-points.ts';
import { startRedis } from './redis.ts';

const COUNTS = [1, 2];
const CONNECTIONS = 64;
/** So few that each process has all of them in its own cache after the warm-up. */
const SCRIPTS = { first: 0, count: 100 };
/** CPU time of an operation from the process's own cache, with Redis over without. */
const MOST_WITH_REDIS = 1.2;

/** More and more processes behind one port, each answering from its own cache. */
export async function measureProcesses(options: RoundOptions): Promise<Curve> {
  const common = { kind: oneScript(SCRIPTS), connections: CONNECTIONS };
  const alone = { ...common, items: 1, subject: ofTheGateway('without Redis', withCache) };
  // A Redis for each, so that idle processes do not load the measured one's.
  const stores = await Promise.all(COUNTS.map(() => startRedis()));
  const sharing = COUNTS.map((items, index) => {
    const { url, pid } = stores[index] as (typeof stores)[number];
    const variables = { ...withCache, WORKERS: String(items), REDIS_URL: url };
    return { ...common, items, subject: ofTheGateway('with Redis', variables), storePid: pid };
  });
  // Each process is to be warm, and has its share of the requests.
  const warmUpSeconds = options.warmUpSeconds * Math.max(...COUNTS);
  const measured = await measurePoints([alone, ...sharing], { ...options, warmUpSeconds });
  await Promise.all(stores.map((store) => store.stop()));
  const [without, ...withRedis] = measured as [Measured, ...Measured[]];
  const compared = compareWithRedis(without, withRedis[0] as Measured);
  const of = { 'with Redis': withRedis, 'without Redis': [without] };
  return {
    name: 'processes',
    title: 'Requests and CPU time, and the processes',
    items: 'processes',
    measures: [
      requestsPerSecond(of, 'drawn'),
      cpuPerAnswer(of),
      measureOf({
        label: 'CPU µs of Redis per answer',
        role: 'cost',
        digits: 1,
        of: { 'with Redis': withRedis },
        pick: ({ storeCpuUs }) => storeCpuUs,
      }),
      measureOf({
        label: 'resident memory MB',
        role: 'told',
        of,
        pick: ({ residentMb }) => residentMb,
      }),
      callsPerAnswer(of),
    ],
    notes: [
      `One of ${SCRIPTS.count} scripts, from the process's own cache, ${CONNECTIONS} connections. CPU time and memory include all processes of the gateway, also the primary process. They share the machine's cores with Redis and wrk.`,
      compared.told,
    ],
    failures: [...failuresOf(measured), ...notFromCopies(measured), ...compared.failures],
  };
}

/** The cost of Redis for an operation. More than the bound is a failure. */
function compareWithRedis({ row: without }: Measured, { row: withRedis }: Measured) {
  if (without.failure !== undefined || withRedis.failure !== undefined)
    return { told: 'With Redis over without: unknown.', failures: [] };
  const cpuOf = (row: Measured['row']) => row.samples.map(({ cpuUs }) => cpuUs);
  const shares = ratios(cpuOf(withRedis), cpuOf(without));
  const withStore = ratios(
    withRedis.samples.map(({ cpuUs, storeCpuUs }) => cpuUs + storeCpuUs),
    cpuOf(without),
  );
  const isTooMuch = median(shares) > MOST_WITH_REDIS;
  return {
    told: `CPU time of an operation from the process's own cache, with Redis over without: **${spread(shares, 2)}**; at most ${MOST_WITH_REDIS} is the goal. With the CPU time of Redis itself: ${spread(withStore, 2)}.`,
    failures: isTooMuch
      ? [`with Redis, an operation takes more than ${MOST_WITH_REDIS} times the CPU time`]
      : [],
  };
}
