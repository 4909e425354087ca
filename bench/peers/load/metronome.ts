/** A thread that wakes the thread that started it at a steady pace. Node's own timers are a whole ms apart. */
import { parentPort, workerData } from 'node:worker_threads';

export interface Pace {
  /** On the clock of `steadyNow`, in ms. */
  readonly startAt: number;
  readonly periodMs: number;
  readonly ticks: number;
}

const { startAt, periodMs, ticks } = workerData as Pace;
const cell = new Int32Array(new SharedArrayBuffer(4));
const now = () => Number(process.hrtime.bigint()) / 1e6;

for (let tick = 0; tick < ticks; tick++) {
  const aheadMs = startAt + tick * periodMs - now();
  // A late thread leaves ticks out: the main thread then does all that is due.
  if (aheadMs < -periodMs) continue;
  if (aheadMs > 0) Atomics.wait(cell, 0, 0, aheadMs);
  parentPort?.postMessage(0);
}
