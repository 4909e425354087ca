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

const COUNTS = [1, 10, 100, 1_000];
const SECONDS = 10;
/** How much longer a point takes than in other curves, because polls are seconds apart. */
const LONGER = 5;
const PATIENCE_MS = 120_000;
// Seen from dist/curves.
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const run = promisify(execFile);

/** More and more subscriptions to three scripts. They need the sandbox, so the other harness measures them. */
export async function measureLive({ seconds, onProgress }: RoundOptions): Promise<Curve> {
  const followed: Followed[] = [];
  const failures: string[] = [];
  const eachSeconds = Math.min(SECONDS, LONGER * seconds);
  for (const streams of COUNTS) {
    onProgress(`${streams} live streams, ${eachSeconds} s`);
    try {
      followed.push(await follow(streams, eachSeconds));
    } catch (error) {
      failures.push(`${streams} streams: ${error instanceof Error ? error.message : error}`);
    }
  }
  const seriesOf = (pick: (point: Followed) => number) => [
    { points: followed.map((point) => ({ items: point.streams, value: pick(point) })) },
  ];
  return {
    name: 'live',
    title: 'CPU time, REST calls and memory, and the live streams',
    items: 'streams',
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
      `\`scriptSessions\` of three scripts by server-sent events, with default settings, ${eachSeconds} s each; a single stream follows one script. Linux counts CPU time in steps of 10 ms.`,
    ],
    failures,
  };
}

async function follow(streams: number, seconds: number): Promise<Followed> {
  const args = [
    '--import',
    'tsx',
    'bench/quota/follow.ts',
    '--streams',
    String(streams),
    '--seconds',
    String(seconds),
  ];
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, timeout: PATIENCE_MS });
  return JSON.parse(stdout);
}
