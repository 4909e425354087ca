/**
 * `npm run bench`: all subjects on all cases. `--short`: a check for CI that nothing has become slow.
 * `npm run bench -- --garbage`: what survives of an operation. `--start`: how long a start takes, and what it loads after it.
 * `--latency`: the latency at steady rates. `--waiting`: the memory of connections and operations that wait.
 */
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Case, comparedCases } from './cases.ts';
import { contest, type Row } from './contest.ts';
import { number } from './figures.ts';
import { checkGarbage } from './garbage/check.ts';
import { runLatency } from './latency/run.ts';
import { startUpstream, type Upstream } from './nginx.ts';
import { stopAll } from './process.ts';
import { startRedis } from './redis.ts';
import { reportCase, reportCopies, reportStartups } from './report.ts';
import { checkThroughput } from './short.ts';
import { runStarts } from './starts/run.ts';
import { floor, fromCache, gateway, gatewayOfTwo, mercurius, peers } from './subjects.ts';
import { runWaiting } from './waiting/run.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    garbage: { type: 'boolean', default: false },
    start: { type: 'boolean', default: false },
    latency: { type: 'boolean', default: false },
    waiting: { type: 'boolean', default: false },
    snapshots: { type: 'string' },
    rates: { type: 'string', default: '500,1000,2000' },
    shares: { type: 'string', default: '25,50,75' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    'warm-up': { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
    starts: { type: 'string', default: '5' },
    cases: { type: 'string', default: '3' },
    profiles: { type: 'string' },
    nodes: { type: 'string', default: process.execPath },
    builds: { type: 'string', default: fileURLToPath(new URL('../../../dist', import.meta.url)) },
    'probe-seconds': { type: 'string', default: '3' },
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)));
}
try {
  const upstream = await startUpstream();
  process.exitCode = await chooseRun()(upstream);
} finally {
  await stopAll();
}

function chooseRun(): (upstream: Upstream) => Promise<number> {
  if (values.garbage) return runGarbage;
  if (values.start) return runEveryStart;
  if (values.latency) return runEveryLatency;
  if (values.waiting) return runAllWaiting;
  return values.short ? runShort : runAll;
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
  const ofTwo = gatewayOfTwo((await startRedis()).url);
  const rows: Row[] = [];
  for (const kind of comparedCases()) {
    const ofCase = await contest(kind, [floor, gateway, ofTwo, ...peers], options);
    print(reportCase(kind, ofCase));
    rows.push(...ofCase);
  }
  print(reportStartups(rows));
  const copied: [Case, Row][] = [];
  for (const kind of comparedCases()) {
    const [row] = await contest(kind, [fromCache], { ...options, seconds: Math.ceil(options.seconds / 2) });
    copied.push([kind, row as Row]);
  }
  print(reportCopies(copied));
  const everyRow = [...rows, ...copied.map(([, row]) => row)];
  return everyRow.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

async function runShort(upstream: Upstream): Promise<number> {
  const common = { upstream, connections: 64, onProgress: () => {} };
  const slow = await checkThroughput({ ...common, rounds: 5, seconds: 1, warmUpSeconds: 2 });
  const garbage = await checkGarbage({
    ...common,
    starts: 1,
    cases: 3,
    peers: [],
    seconds: 5,
    warmUpSeconds: 3,
    profiles: undefined,
  });
  return Math.max(exitCode(slow), exitCode(garbage));
}

async function runGarbage(upstream: Upstream): Promise<number> {
  const problem = await checkGarbage({
    upstream,
    starts: Number(values.starts),
    cases: Number(values.cases),
    peers: [mercurius],
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    connections: Number(values.connections),
    profiles: values.profiles && fromUser(values.profiles),
    onProgress,
  });
  return exitCode(problem);
}

async function runEveryStart(upstream: Upstream): Promise<number> {
  const starts = Number(values.starts);
  print(`${describeMachine()}; ${starts} starts of each in turns. Load of the machine before: ${load()}.`);
  await runStarts({
    upstream,
    starts,
    probeMs: Number(values['probe-seconds']) * 1_000,
    nodes: values.nodes.split(',').map(fromUser),
    builds: values.builds.split(',').map(fromUser),
    print,
    onProgress,
  });
  return 0;
}

async function runEveryLatency(upstream: Upstream): Promise<number> {
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  print(
    `${describeMachine()}; nginx with one worker as the REST API; ${rounds} rounds of ${seconds} s. Load of the machine before: ${load()}.`,
  );
  const problem = await runLatency({
    upstream,
    rounds,
    seconds,
    warmUpSeconds: Number(values['warm-up']),
    rates: numbers(values.rates),
    shares: numbers(values.shares),
    print,
    onProgress,
  });
  return exitCode(problem);
}

async function runAllWaiting(): Promise<number> {
  await runWaiting({ print, onProgress, snapshots: values.snapshots && fromUser(values.snapshots) });
  return 0;
}

function numbers(list: string): number[] {
  return list.split(',').filter(Boolean).map(Number);
}

function describeMachine(): string {
  return `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`;
}

function load(): string {
  return number(loadavg()[0] ?? 0, 2);
}

/** npm changes the working directory, and keeps where the user was. */
function fromUser(path: string): string {
  return resolve(process.env.INIT_CWD ?? '', path);
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
