import cluster from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { onStop } from './signals.ts';

/** Delays a restart, so that a worker that cannot run does not use a whole processor. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Each worker is a process that serves on the same port; they share nothing else but Redis. A worker that ends is started again.
 * If one ends before all of them have served, all end.
 */
export async function runWorkers({ workers: count, metrics, notes }: Config): Promise<void> {
  for (const note of notes) console.error(note);
  let starts = 0;
  let isStopping = false;
  cluster.on('listening', () => {
    starts += 1;
  });
  /** Resolves when worker `index` has ended because all stop. */
  const keep = async (index: number): Promise<void> => {
    while (!isStopping) {
      const code = await runWorker(index, metrics?.port).catch((error: Error) => {
        // The system cannot start a process, for example for lack of memory.
        console.error(error.message);
        return 1;
      });
      if (isStopping) return;
      // The other workers end when this process does.
      if (starts < count) process.exit(code || 1);
      console.error(`Worker ${index + 1} has ended; another worker takes its place.`);
      await delay(AGAIN_AFTER_MS);
    }
  };
  const signalAll = (signal: NodeJS.Signals) => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
  };
  // Each worker reads its own files again.
  process.on('SIGHUP', () => signalAll('SIGHUP'));
  // One worker starts alone: a problem that stops every worker is reported once.
  const kept = [keep(0)];
  onStop(async () => {
    isStopping = true;
    // A worker that has had the signal of the terminal already takes this one for the same.
    signalAll('SIGTERM');
    await Promise.all(kept);
    process.exit(0);
  });
  await once(cluster, 'listening');
  for (let index = 1; index < count; index += 1) kept.push(keep(index));
}

/** Runs a worker with the arguments of this process and its own port for metrics, and returns its exit code. */
async function runWorker(index: number, metricsPort: number | undefined): Promise<number | null> {
  const args = [...process.argv.slice(2), '--workers=1'];
  if (metricsPort) args.push(`--metrics-port=${metricsPort + index}`);
  cluster.setupPrimary({ args });
  const [code] = await once(cluster.fork(), 'exit');
  return code;
}
