/**
 * `npm run bench`: all subjects on all cases. `npm run bench:short`: a check for CI that nothing has become slow.
 * `npm run bench:garbage`: what survives of an operation.
 */
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, comparedCases } from './cases.ts';
import { type ContestOptions, contest, type Row } from './contest.ts';
import { measureCurve } from './curve.ts';
import { number } from './figures.ts';
import { checkGarbage } from './garbage/check.ts';
import { startUpstream, type Upstream } from './nginx.ts';
import { stopAll } from './process.ts';
import { reportCase, reportCopies, reportStartups } from './report.ts';
import { checkThroughput } from './short.ts';
import { floor, fromCopies, gateway, peers } from './subjects.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    garbage: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    'curve-seconds': { type: 'string', default: '3' },
    starts: { type: 'string', default: '5' },
    cases: { type: 'string', default: '3' },
    profiles: { type: 'string' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
try {
  const upstream = await startUpstream();
  const run = values.garbage ? runGarbage : values.short ? runShort : runAll;
  process.exitCode = await run(upstream);
} finally {
  await stopAll();
}

async function runAll(upstream: Upstream): Promise<number> {
  const options = {
    upstream,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    connections: Number(values.connections),
    onProgress,
  };
  const load = loadavg()[0] ?? 0;
  print(
    `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; nginx with one worker as the REST API; wrk, one thread, ${options.connections} connections; ${options.rounds} rounds of ${options.seconds} s. Load of the machine before: ${number(load, 2)}.`,
  );
  const rows: Row[] = [];
  for (const kind of comparedCases()) {
    // The floor knows one kind of request.
    const subjects = rows.length === 0 ? [floor, gateway, ...peers] : [gateway, ...peers];
    const ofCase = await contest(kind, subjects, options);
    print(reportCase(kind, ofCase));
    rows.push(...ofCase);
  }
  print(reportStartups(rows));
  const copied: [Case, Row][] = [];
  for (const kind of comparedCases()) {
    const [row] = await contest(kind, [fromCopies], { ...options, seconds: Math.ceil(options.seconds / 2) });
    copied.push([kind, row as Row]);
  }
  print(reportCopies(copied));
  const seconds = Number(values['curve-seconds']);
  const curve = await measureCurve({ ...options, rounds: 1, seconds, warmUpSeconds: Math.min(2, seconds) });
  print(curve.report);
  const everyRow = [...rows, ...copied.map(([, row]) => row), ...curve.rows];
  return everyRow.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

async function runShort(upstream: Upstream): Promise<number> {
  const options: ContestOptions = {
    upstream,
    rounds: 3,
    seconds: 2,
    warmUpSeconds: 2,
    connections: 64,
    onProgress: () => {},
  };
  return exitCode(await checkThroughput(options));
}

async function runGarbage(upstream: Upstream): Promise<number> {
  const problem = await checkGarbage({
    upstream,
    starts: Number(values.starts),
    cases: Number(values.cases),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    connections: Number(values.connections),
    // npm changes the working directory, and keeps where the user was.
    profiles: values.profiles && resolve(process.env.INIT_CWD ?? '', values.profiles),
    onProgress,
  });
  return exitCode(problem);
}

function exitCode(problem: string | undefined): number {
  if (problem === undefined) return 0;
  console.error(problem);
  return 1;
}

function print(text: string): void {
  console.log(`${text}\n`);
}

/** Apart from the results, which may go to a file. */
function onProgress(line: string): void {
  console.error(line);
}
