import type { BenchRequest, Case } from './cases.ts';
import { checkAnswers } from './check.ts';
import { writeBodies } from './load/wrk.ts';
import { measure, type Sample, warmUp } from './measure.ts';
import type { Upstream } from './nginx.ts';
import { peakMemoryMb } from './process.ts';
import { type Served, serve } from './serve.ts';
import type { Subject } from './subjects.ts';

/** The results of a subject in all rounds of a case. */
export interface Row {
  readonly subject: Subject;
  /** From the start of each process to its first right answer. */
  readonly startupsMs: number[];
  readonly samples: Sample[];
  peakMemoryMb?: number;
  /** Why the row does not count. */
  failure?: string;
}

export interface ContestOptions {
  readonly upstream: Upstream;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly onProgress: (line: string) => void;
}

/**
 * While the others were measured, a subject has lost its connections to the API and what it had in the processor's caches. The
 * requests that find it so are one in a hundred of a round: without a lead-in p99 would be theirs.
 */
const LEAD_IN_SECONDS = 1;

/** How many answers are compared before anything is timed. */
const CHECKED = 50;

/**
 * Measures subjects on one case, in rounds, each subject once per round, so that other load on the machine affects all. Each round begins
 * with another one, so none is always measured after the same one. Each round has fresh processes, because two
 * processes of one build can differ by a fifth for as long as they run. While one is measured, the others idle.
 */
export async function contest(
  kind: Case,
  subjects: readonly Subject[],
  options: ContestOptions,
): Promise<Row[]> {
  const { upstream, rounds, seconds, warmUpSeconds, connections, onProgress } = options;
  const round = { upstream, kind, bodiesFile: writeBodies(kind), connections };
  const runners = subjects.map((subject) => {
    const row: Row = { subject, startupsMs: [], samples: [] };
    return { row, served: undefined as Served | undefined };
  });

  for (let index = 0; index < rounds; index++) {
    const first = index % runners.length;
    const inTurn = [...runners.slice(first), ...runners.slice(0, first)];

    /** Does something with each row that still counts; a row that fails drops out. */
    const forEach = async (label: string, action: (runner: (typeof runners)[number]) => Promise<void>) => {
      for (const runner of inTurn.filter(({ row }) => row.failure === undefined)) {
        onProgress(`${kind.title}: ${runner.row.subject.name}, round ${index + 1} of ${rounds}, ${label}`);
        try {
          await action(runner);
        } catch (error) {
          runner.row.failure = error instanceof Error ? error.message : String(error);
        }
      }
    };

    await forEach('start and warm-up', async (runner) => {
      const served = await serve(runner.row.subject, upstream, kind.requests[0] as BenchRequest);
      runner.served = served;
      runner.row.startupsMs.push(served.startupMs);
      await checkAnswers(served, kind, CHECKED);
      await warmUp({ served, seconds: warmUpSeconds, ...round });
    });
    await forEach('measurement', async ({ row, served }) => {
      const subject = { served: served as Served, ...round };
      await measure({ ...subject, seconds: LEAD_IN_SECONDS });
      row.samples.push(await measure({ ...subject, seconds }));
      row.peakMemoryMb = Math.max(row.peakMemoryMb ?? 0, peakMemoryMb(subject.served.pid));
    });
    for (const runner of runners) {
      await runner.served?.stop();
      runner.served = undefined;
    }
  }
  return runners.map(({ row }) => row);
}
