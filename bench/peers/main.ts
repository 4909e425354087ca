/** `npm run bench`: all subjects on all cases. `--short`: a nightly check that nothing has become slow. */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { comparedCases, oneScript } from './cases.ts';
import { contest, type Row } from './contest.ts';
import { number } from './figures.ts';
import { startUpstream, type Upstream } from './nginx.ts';
import { stopAll } from './process.ts';
import { reportCase, reportStartups } from './report.ts';
import { checkThroughput } from './short.ts';
import { floor, fromCache, gateway, peers } from './subjects.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
try {
  const upstream = await startUpstream();
  process.exitCode = await (values.short ? runShort(upstream) : runAll(upstream));
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
  print(
    `${describeMachine()}; nginx with one worker as the REST API; wrk, one thread, ${options.connections} connections; ${options.rounds} rounds of ${options.seconds} s. Load of the machine before: ${load()}.`,
  );
  const rows: Row[] = [];
  for (const kind of comparedCases()) {
    const ofCase = await contest(kind, [floor, gateway, ...peers], options);
    print(reportCase(kind, ofCase));
    rows.push(...ofCase);
  }
  print(reportStartups(rows));
  // The gateway with its cache and without it, in one table.
  const fromCopies = await contest(oneScript(), [gateway, fromCache], options);
  print(reportCase(oneScript(), fromCopies));
  return [...rows, ...fromCopies].some(({ failure }) => failure !== undefined) ? 1 : 0;
}

async function runShort(upstream: Upstream): Promise<number> {
  const problem = await checkThroughput({
    upstream,
    connections: 64,
    rounds: 5,
    seconds: 1,
    warmUpSeconds: 2,
    onProgress: () => {},
  });
  if (problem === undefined) return 0;
  console.error(problem);
  return 1;
}

function describeMachine(): string {
  return `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`;
}

function load(): string {
  return number(loadavg()[0] ?? 0, 2);
}

function print(text: string): void {
  console.log(`${text}\n`);
}

/** Apart from the results, which may go to a file. */
function onProgress(line: string): void {
  console.error(line);
}
