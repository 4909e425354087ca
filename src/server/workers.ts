import cluster, { type Worker } from 'node:cluster';
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
  const serving = new Set<Worker>();
  let haveAllServed = false;
  let isStopping = false;
  // A worker listens twice if it has a port for metrics.
  cluster.on('listening', (worker) => {
    serving.add(worker);
    haveAllServed ||= serving.size === count;
  });
  cluster.on('exit', (worker) => serving.delete(worker));
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
      if (!haveAllServed) process.exit(code || 1);
      console.error(`Worker ${index + 1} has ended; another worker takes its place.`);
      await delay(AGAIN_AFTER_MS);
    }
  };
  // Each worker reads its own files again. The signal would end a worker that is still starting.
  process.on('SIGHUP', () => {
    for (const worker of serving) worker.process.kill('SIGHUP');
  });
  // One worker starts alone: a problem that stops every worker is reported once.
  const kept = [keep(0)];
  onStop(async () => {
    isStopping = true;
    // A worker that has had the signal of the terminal already takes this one for the same.
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
    await Promise.all(kept);
    process.exit(0);
  });
  await once(cluster, 'listening');
  for (let index = 1; index < count; index += 1) kept.push(keep(index));
}

/**
 * Runs a worker with the arguments of this process and its own port for metrics, and returns its exit code. Fails if there is no
 * process for it.
 */
function runWorker(index: number, metricsPort: number | undefined): Promise<number | null> {
  const args = [...process.argv.slice(2), '--workers=1'];
  if (metricsPort) args.push(`--metrics-port=${metricsPort + index}`);
  cluster.setupPrimary({ args });
  return new Promise((resolve, reject) => {
    const worker = cluster.fork();
    worker.once('exit', resolve);
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) reject(error);
      // A worker that runs, or that is just ending, could not be told something. Its exit follows when it ends.
      else console.error(error.message);
    });
  });
}
