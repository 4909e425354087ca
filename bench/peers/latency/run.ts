import { type BenchRequest, oneScript } from '../cases.ts';
import { checkAnswers, keepChecking } from '../check.ts';
import { writeBodies } from '../load/wrk.ts';
import { measure, warmUp } from '../measure.ts';
import type { Upstream } from '../nginx.ts';
import { freePort } from '../process.ts';
import { type Served, serve } from '../serve.ts';
import { floor, fromCache, gateway, mercurius, type Subject, tailcall } from '../subjects.ts';
import { measureLatency, type Probed, runsOnNode, withProbe } from './measure.ts';
import { reportLatency } from './report.ts';
import type { LatencyRow, Level } from './row.ts';

export interface LatencyOptions {
  readonly upstream: Upstream;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Operations a second, the same for all subjects. */
  readonly rates: readonly number[];
  /** Parts of what each subject can answer, in per cent. */
  readonly shares: readonly number[];
  readonly print: (text: string) => void;
  readonly onProgress: (line: string) => void;
}

const SUBJECTS = [floor, gateway, fromCache, tailcall, mercurius];
/** More than the gateway's connections to the API for one key. */
const CONNECTIONS = 128;
/** At how many connections the capacity is measured, as in the other benchmarks. */
const CAPACITY_CONNECTIONS = 64;
const CAPACITY_SECONDS = 2;
const LEAD_IN_SECONDS = 1;
const CHECKED = 50;
/** Above this part of its capacity, a subject has no latency but a growing queue. */
const MOST_OF_CAPACITY = 0.9;

interface Runner extends Probed {
  readonly subject: Subject;
  readonly served: Served;
  readonly capacity: number;
}

/** Latencies of one script at steady rates, in rounds: all subjects in turns at each level. */
export async function runLatency(options: LatencyOptions): Promise<string | undefined> {
  const { upstream, rounds, seconds, rates, shares, print, onProgress } = options;
  const kind = oneScript();
  const bodies = kind.requests.map(({ body }) => body);
  const levels: Level[] = [...shares.map((share) => ({ share })), ...rates.map((rate) => ({ rate }))];
  const rows = levels.flatMap((level) =>
    SUBJECTS.map((subject): LatencyRow => ({ subject, level, samples: [], rates: [] })),
  );
  const failures: string[] = [];
  const capacities = new Map<Subject, number[]>(SUBJECTS.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % SUBJECTS.length;
    const runners: Runner[] = [];
    for (const subject of [...SUBJECTS.slice(first), ...SUBJECTS.slice(0, first)]) {
      onProgress(`${subject.name}, round ${round + 1} of ${rounds}, start, warm-up and capacity`);
      try {
        const runner = await start(subject, options);
        runners.push(runner);
        capacities.get(subject)?.push(runner.capacity);
      } catch (error) {
        failures.push(`${subject.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
    for (const level of levels) {
      for (const { subject, served, capacity, ...probed } of runners) {
        const rate = Math.round('rate' in level ? level.rate : (capacity * level.share) / 100);
        if (rate > capacity * MOST_OF_CAPACITY) continue;
        onProgress(`${subject.name}, round ${round + 1} of ${rounds}, ${rate} operations a second`);
        const load = { url: served.url, bodies, rate, connections: CONNECTIONS };
        const stopChecking = keepChecking(served, kind);
        try {
          await measureLatency(probed, { ...load, seconds: LEAD_IN_SECONDS });
          const sample = await measureLatency(probed, { ...load, seconds });
          const row = rows.find((one) => one.subject === subject && one.level === level);
          row?.samples.push(sample);
          row?.rates.push(rate);
          await stopChecking();
        } catch (error) {
          failures.push(
            `${subject.name}, ${rate} a second: ${error instanceof Error ? error.message : error}`,
          );
          await stopChecking().catch(() => undefined);
        }
      }
    }
    for (const { served } of runners) await served.stop();
  }
  print(reportLatency(rows, levels, capacities));
  return failures.length > 0 ? failures.join('\n') : undefined;

  async function start(subject: Subject, { warmUpSeconds }: LatencyOptions): Promise<Runner> {
    const port = await freePort();
    const served = await serve(withProbe(subject, port), upstream, kind.requests[0] as BenchRequest);
    await checkAnswers(served, kind, CHECKED);
    const round = {
      ...{ served, upstream, kind, bodiesFile: writeBodies(kind) },
      connections: CAPACITY_CONNECTIONS,
    };
    await warmUp({ ...round, seconds: warmUpSeconds });
    const { perSecond } = await measure({ ...round, seconds: CAPACITY_SECONDS });
    const probePort = runsOnNode(subject) ? port : undefined;
    return { subject, served, pid: served.pid, probePort, capacity: perSecond };
  }
}
