import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RoundOptions } from '../contest.ts';
import type { Curve } from './curve.ts';

/** The line that bench/quota/follow.ts prints. */
interface Followed {
  readonly streams: number;
  readonly cpuMsPerSecond: number;
  readonly callsPerSecond: number;
  readonly residentMb: number;
  readonly eventsPerSecond: number;
}

interface LiveOptions extends Pick<Curve, 'name' | 'title' | 'items'> {
  readonly counts: readonly number[];
  /** How many streams and scripts there are. */
  readonly sizeOf: (count: number) => { readonly streams: number; readonly scripts: number };
  readonly note: string;
}

const SECONDS = 10;
/** How much longer a point takes than in other curves, because polls are seconds apart. */
const LONGER = 5;
const PATIENCE_MS = 120_000;
// Seen from dist/curves.
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

/** More and more subscribers of one script. */
export function measureSubscribers(options: RoundOptions): Promise<Curve> {
  return measureLive(
    {
      name: 'subscribers',
      title: 'CPU time, REST calls and memory, and the subscribers of one script',
      items: 'subscribers',
      counts: [1, 10, 100, 1_000, 5_000],
      sizeOf: (streams) => ({ streams, scripts: 1 }),
      note: 'One script, whose users come and go each second.',
    },
    options,
  );
}

/** More and more scripts, each with a subscriber. */
export function measureFollowedScripts(options: RoundOptions): Promise<Curve> {
  return measureLive(
    {
      name: 'followed-scripts',
      title: 'CPU time, REST calls and memory, and the followed scripts',
      items: 'scripts',
      counts: [1, 10, 100, 500],
      sizeOf: (scripts) => ({ streams: scripts, scripts }),
      note: 'A subscriber each; users of one of the scripts come and go. The quota bounds the polls.',
    },
    options,
  );
}

/** Subscriptions need the sandbox, so the other harness measures them. */
async function measureLive(
  { counts, sizeOf, note, ...curve }: LiveOptions,
  { seconds, onProgress }: RoundOptions,
): Promise<Curve> {
  const followed: (Followed & { readonly items: number })[] = [];
  const failures: string[] = [];
  const eachSeconds = Math.min(SECONDS, LONGER * seconds);
  for (const items of counts) {
    onProgress(`${items} ${curve.items}, ${eachSeconds} s`);
    try {
      followed.push({ items, ...(await follow(sizeOf(items), eachSeconds)) });
    } catch (error) {
      failures.push(`${items} ${curve.items}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const seriesOf = (pick: (point: Followed) => number) => [
    { points: followed.map((point) => ({ items: point.items, value: pick(point) })) },
  ];
  return {
    ...curve,
    measures: [
      {
        label: 'CPU ms per second',
        digits: 1,
        role: 'cost',
        series: seriesOf(({ cpuMsPerSecond }) => cpuMsPerSecond),
      },
      {
        label: 'REST calls/s',
        digits: 1,
        role: 'cost',
        series: seriesOf(({ callsPerSecond }) => callsPerSecond),
      },
      {
        label: 'resident memory MB',
        digits: 0,
        role: 'cost',
        series: seriesOf(({ residentMb }) => residentMb),
      },
      {
        label: 'events/s',
        digits: 1,
        role: 'told',
        series: seriesOf(({ eventsPerSecond }) => eventsPerSecond),
      },
    ],
    notes: [
      `\`scriptSessions\` by server-sent events, ${eachSeconds} s each, the sandbox as the REST API. ${note} \`LIVE_MAX_STREAMS\` and \`LIVE_MAX_SCRIPTS\` are higher than by default, and \`LIVE_RATE\` is 0. Linux counts CPU time in steps of 10 ms.`,
    ],
    failures,
  };
}

async function follow(
  { streams, scripts }: { readonly streams: number; readonly scripts: number },
  seconds: number,
): Promise<Followed> {
  const args = ['--import', 'tsx', 'bench/quota/follow.ts'];
  const values = { streams, scripts, seconds };
  for (const [name, value] of Object.entries(values)) args.push(`--${name}`, String(value));
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, timeout: PATIENCE_MS });
  return JSON.parse(stdout);
}
