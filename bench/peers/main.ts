/** `npm run bench`: all subjects on all cases. `npm run bench:short`: a check for CI that nothing has become slow. */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { aliases, oneScript, sessions } from './cases.ts';
import { type ContestOptions, contest, type Row } from './contest.ts';
import { measureCurve } from './curve.ts';
import { number } from './figures.ts';
import { startUpstream, type Upstream } from './nginx.ts';
import { stopAll } from './process.ts';
import { reportCase, reportCopies, reportStartups } from './report.ts';
import { checkThroughput } from './short.ts';
import { floor, fromCopies, gateway, gatewayWithWorkers, peers } from './subjects.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '3' },
    'curve-seconds': { type: 'string', default: '3' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
try {
  const upstream = await startUpstream();
  process.exitCode = values.short ? await runShort(upstream) : await runAll(upstream);
} finally {
  await stopAll();
}

async function runAll(upstream: Upstream): Promise<number> {
  const options = {
    upstream,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    connections: 64,
    onProgress,
  };
  const load = loadavg()[0] ?? 0;
  print(
    `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}; nginx with one worker as the REST API; wrk, one thread, ${options.connections} connections; ${options.rounds} rounds of ${options.seconds} s. Load of the machine before: ${number(load, 2)}.`,
  );
  const rows: Row[] = [];
  for (const kind of [oneScript(), aliases(), sessions(50)]) {
    // The floor knows one kind of request.
    const all = [gateway, gatewayWithWorkers, ...peers];
    const subjects = rows.length === 0 ? [floor, ...all] : all;
    const ofCase = await contest(kind, subjects, options);
    print(reportCase(kind, ofCase));
    rows.push(...ofCase);
  }
  print(reportStartups(rows));
  const copied: Row[] = [];
  for (const kind of [oneScript(), aliases(), sessions(50)]) {
    const ofCase = await contest(kind, fromCopies, { ...options, seconds: Math.ceil(options.seconds / 2) });
    print(reportCopies(kind, ofCase));
    copied.push(...ofCase);
  }
  const seconds = Number(values['curve-seconds']);
  const curve = await measureCurve({ ...options, rounds: 1, seconds, warmUpSeconds: Math.min(2, seconds) });
  print(curve.report);
  return [...rows, ...copied, ...curve.rows].some(({ failure }) => failure !== undefined) ? 1 : 0;
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
  const problem = await checkThroughput(options);
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
