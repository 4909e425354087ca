import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { printBanner, type Running } from './banner.ts';
import type { ProcessFeatures } from './features.ts';
import { onStop, STOP } from './signals.ts';

/** So that one that cannot live does not take all of a processor. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Runs so many gateways on one port, each a process of its own. There is nothing between them but Redis. One that ends is
 * started again, until it serves; but one that cannot start with the others ends all.
 */
export async function runWorkers(config: Config, features: ProcessFeatures): Promise<void> {
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
    console.error(`Worker ${index + 1} has ended; another one takes its place.`);
    await delay(AGAIN_AFTER_MS);
    try {
      if (!isStopping) start(index);
    } catch (error) {
      // The system starts no further process, such as where memory is short. Node emits some reasons, and throws the others.
      console.error((error as Error).message);
      await replace(index);
    }
  };

  // Each reads its files again by itself.
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
  // Alone: what keeps one from its start keeps all, and is said once.
  const first = await begin(0);
  const others = Array.from({ length: config.workers - 1 }, (_one, index) => begin(index + 1));
  const started = [first, ...(await Promise.all(others))];
  haveStarted = true;
  if (process.stdout.isTTY) printBanner(started, config, ofSandbox?.facts);
}

/** Those of this process, with what each worker has of its own. */
function argumentsFor(index: number, { metrics }: Config, sandboxUrl: string | undefined): string[] {
  const args = [...process.argv.slice(2), '--workers=1'];
  if (metrics?.port) args.push(`--metrics-port=${metrics.port + index}`);
  if (sandboxUrl) args.push(`--shared-sandbox=${sandboxUrl}`);
  return args;
}

/** A signal on the terminal reaches a worker as well, so it is stopped by a message; one that serves nobody is killed. */
async function end(worker: Worker, isServing: boolean): Promise<void> {
  // An error, such as of a message that it takes no more, is no end.
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  if (isServing && worker.isConnected()) worker.send(STOP);
  else worker.process.kill('SIGKILL');
  await ended;
}
