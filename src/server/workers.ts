import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { printBanner, type Running } from './banner.ts';
import type { ProcessFeatures } from './features.ts';
import { onStop, STOP } from './signals.ts';

/** Delays a restart, so that a worker that cannot run does not use a whole processor. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Each worker is a process; they share only Redis. A worker that ends is started again. A worker that cannot start with
 * the others ends all of them.
 */
export async function runWorkers(config: Config, features: ProcessFeatures): Promise<void> {
  for (const note of config.notes) console.error(note);
  const ofSandbox = config.apiUrl ? undefined : await features.sandbox?.();
  const sandbox = await ofSandbox?.openSandbox();
  const running = new Set<Worker>();
  const serving = new Set<Worker>();
  let haveStarted = false;
  let isStopping = false;

  const start = (index: number): Worker => {
    cluster.setupPrimary({ args: argumentsFor(index, config, sandbox?.url) });
    const worker = cluster.fork();
    running.add(worker);
    worker.once('message', () => serving.add(worker));
    const onEnd = async (code: number) => {
      const hasServed = serving.delete(worker);
      if (!running.delete(worker) || isStopping) return;
      if (!hasServed && !haveStarted) {
        isStopping = true;
        for (const other of running) other.process.kill('SIGKILL');
        process.exit(code || 1);
      }
      await replace(index);
    };
    worker.once('exit', onEnd);
    worker.on('error', ({ message }) => {
      console.error(message);
      void onEnd(1);
    });
    return worker;
  };
  const replace = async (index: number): Promise<void> => {
    console.error(`Worker ${index + 1} has ended; another worker takes its place.`);
    await delay(AGAIN_AFTER_MS);
    try {
      if (!isStopping) start(index);
    } catch (error) {
      // The system cannot start a process, for example for lack of memory. Node emits some of these errors and throws
      // others.
      console.error((error as Error).message);
      await replace(index);
    }
  };

  // Each worker reads its own files again.
  process.on('SIGHUP', () => {
    for (const worker of serving) worker.process.kill('SIGHUP');
  });
  onStop(async () => {
    isStopping = true;
    await Promise.all([...running].map((worker) => end(worker, serving.has(worker))));
    await sandbox?.close();
    process.exit(0);
  });
  const begin = async (index: number) => ((await once(start(index), 'message')) as [Running])[0];
  // One worker starts alone: a problem that stops every worker is reported once.
  const first = await begin(0);
  const others = Array.from({ length: config.workers - 1 }, (_one, index) => begin(index + 1));
  const started = [first, ...(await Promise.all(others))];
  haveStarted = true;
  if (process.stdout.isTTY) printBanner(started, config, ofSandbox?.facts);
}

/** The arguments of this process, and each worker's own. */
function argumentsFor(index: number, { metrics }: Config, sandboxUrl: string | undefined): string[] {
  const args = [...process.argv.slice(2), '--workers=1'];
  if (metrics?.port) args.push(`--metrics-port=${metrics.port + index}`);
  if (sandboxUrl) args.push(`--shared-sandbox=${sandboxUrl}`);
  return args;
}

/** By a message, because a signal on the terminal reaches workers as well. A worker that does not serve yet is killed. */
async function end(worker: Worker, isServing: boolean): Promise<void> {
  // An `error` event, such as for a message that cannot be sent, does not mean that the worker has ended.
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  if (isServing && worker.isConnected()) worker.send(STOP);
  else worker.process.kill('SIGKILL');
  await ended;
}
