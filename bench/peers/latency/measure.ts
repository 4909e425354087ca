import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadSteadily, type SteadyOptions } from '../load/steady.ts';
import type { Subject } from '../subjects.ts';
import { type Cause, causeOf } from './causes.ts';
import type { Observed, Pause } from './probe.ts';

/** One subject at one rate in one round. Latencies count from the moment when an operation was due. */
export interface LatencySample {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly mostMs: number;
  /** How late the load itself sent, at p99. */
  readonly lateMs: number;
  /** How long the main thread was ready and had no CPU, in ms for each second. */
  readonly unscheduledMs: number;
  /** The pauses of the event loop; undefined: the subject does not run on Node. */
  readonly loop: LoopSample | undefined;
}

export interface LoopSample {
  readonly longestTurnMs: number;
  readonly youngPerSecond: number;
  readonly longestYoungMs: number;
  readonly fullPerSecond: number;
  readonly longestFullMs: number;
  /** Why the slowest hundredth of the operations was slow: how many of them by cause. */
  readonly causes: ReadonlyMap<Cause, number>;
}

export interface Probed {
  readonly pid: number;
  /** The port of the probe in the subject; undefined: it has none. */
  readonly probePort: number | undefined;
}

// Seen from dist/latency.
const PROBE = fileURLToPath(new URL('./probe.js', import.meta.url));

/** The same subject with the probe in it, if it runs on Node. */
export function withProbe(subject: Subject, port: number): Subject {
  return {
    ...subject,
    command(...target) {
      const { command, args, env } = subject.command(...target);
      if (!runsOnNode(subject)) return { command, args, env };
      return { command, args: ['--import', PROBE, ...args], env: { ...env, PROBE_PORT: String(port) } };
    },
  };
}

export function runsOnNode(subject: Subject): boolean {
  return subject.command('http://127.0.0.1:1', 1).command === process.execPath;
}

/** Measures the latencies at a steady rate. @throws when an answer fails or does not arrive */
export async function measureLatency(
  { pid, probePort }: Probed,
  options: SteadyOptions,
): Promise<LatencySample> {
  if (probePort !== undefined) await ask(probePort, 'start');
  const unscheduledBefore = unscheduledMs(pid);
  const { dueAt, sentAt, answeredAt } = await loadSteadily(options);
  const unscheduled = unscheduledMs(pid) - unscheduledBefore;
  const observed =
    probePort === undefined ? undefined : (JSON.parse(await ask(probePort, 'stop')) as Observed);
  const latencies = answeredAt.map((at, index) => at - (dueAt[index] as number));
  const sorted = latencies.toSorted();
  const p99Ms = percentile(sorted, 0.99);
  const late = sentAt.map((at, index) => at - (dueAt[index] as number)).toSorted();

  const causes = new Map<Cause, number>();
  for (const [index, latency] of latencies.entries()) {
    if (!observed || latency < p99Ms) continue;
    const times = { due: dueAt[index], sent: sentAt[index], answered: answeredAt[index] };
    const cause = causeOf(times as Record<keyof typeof times, number>, observed);
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  return {
    p50Ms: percentile(sorted, 0.5),
    p99Ms,
    p999Ms: percentile(sorted, 0.999),
    mostMs: sorted.at(-1) ?? Number.NaN,
    lateMs: percentile(late, 0.99),
    unscheduledMs: unscheduled / options.seconds,
    loop: observed && {
      longestTurnMs: longest(observed.turns),
      youngPerSecond: observed.young.length / options.seconds,
      longestYoungMs: longest(observed.young),
      fullPerSecond: observed.full.length / options.seconds,
      longestFullMs: longest(observed.full),
      causes,
    },
  };
}

function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function longest(pauses: readonly Pause[]): number {
  return pauses.reduce((most, { from, to }) => Math.max(most, to - from), 0);
}

/** The time that the main thread of a process has waited for a CPU so far, in ms. */
function unscheduledMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

async function ask(port: number, what: 'start' | 'stop'): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/${what}`, { signal: AbortSignal.timeout(30_000) });
  return response.text();
}
