import type { BenchRequest, Case } from './cases.ts';
import { checkAnswers } from './check.ts';
import { writeBodies } from './load/wrk.ts';
import { measure, type Sample, warmUp } from './measure.ts';
import type { Upstream } from './nginx.ts';
import { peakMemoryMb } from './process.ts';
import { type Served, serve } from './serve.ts';
import type { Subject } from './subjects.ts';

/** What a subject did in all rounds of a case. */
export interface Row {
  readonly subject: Subject;
  /** From the start of its process to its first right answer. */
  startupMs?: number;
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

/** How many answers are compared before anything is timed. */
const CHECKED = 50;

/**
 * Measures subjects on one case, round by round, each subject once a round, so that what else happens on the machine hits
 * all of them. They run in fresh processes; while one is measured the others idle.
 */
export async function contest(
  kind: Case,
  subjects: readonly Subject[],
  options: ContestOptions,
): Promise<Row[]> {
  const { upstream, rounds, seconds, warmUpSeconds, connections, onProgress } = options;
  const bodiesFile = writeBodies(kind);
  const rows = subjects.map((subject): Row => ({ subject, samples: [] }));

  /** Does something with each row that still counts; a row that fails drops out. */
  const forEach = async (label: string, action: (row: Row) => Promise<void>) => {
    for (const row of rows.filter(({ failure }) => failure === undefined)) {
      onProgress(`${kind.title}: ${row.subject.name}, ${label}`);
      try {
        await action(row);
      } catch (error) {
        row.failure = error instanceof Error ? error.message : String(error);
      }
    }
  };
  const servers = new Map<Row, Served>();
  const servedBy = (row: Row) => servers.get(row) as Served;
  const round = { upstream, kind, bodiesFile, connections };

  await forEach('start and check', async (row) => {
    const served = await serve(row.subject, upstream, kind.requests[0] as BenchRequest);
    servers.set(row, served);
    row.startupMs = served.startupMs;
    await checkAnswers(served, kind, CHECKED);
  });
  await forEach('warm-up', (row) => warmUp({ served: servedBy(row), seconds: warmUpSeconds, ...round }));
  for (let index = 1; index <= rounds; index++) {
    await forEach(`round ${index} of ${rounds}`, async (row) => {
      const served = servedBy(row);
      row.samples.push(await measure({ served, seconds, ...round }));
      row.peakMemoryMb = peakMemoryMb(served.pid);
    });
  }
  for (const served of servers.values()) await served.stop();
  return rows;
}
