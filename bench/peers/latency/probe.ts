/**
 * Loaded into a subject by `node --import`. On its own port it tells when the event loop could not read its sockets: collections of
 * garbage, long turns, and times without a CPU.
 */
import { openSync, readSync } from 'node:fs';
import { createServer } from 'node:http';
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { host } from '../subjects/environment.ts';

/** A time in which the process did nothing else, on the clock of `steadyNow`, in ms. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

export interface Observed {
  /** Collections of the young generation. */
  readonly young: Pause[];
  /** Full collections, their steps included. */
  readonly full: Pause[];
  /** Turns of the event loop that kept a timer waiting, by work. */
  readonly turns: Pause[];
  /** The same, where the thread was ready for most of that time and had no CPU. */
  readonly unscheduled: Pause[];
}

/** How often the event loop is asked whether it is late, in ms. */
const TICK_MS = 2;
/** Shorter waits are not worth telling. */
const LEAST_MS = 1;
/** `entry.detail.kind` of a collection of the young generation. */
const MINOR = 1;

const now = () => Number(process.hrtime.bigint()) / 1e6;
/** From the process's clock to the machine's clock. */
const offset = now() - performance.now();
let observed: Observed | undefined;

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const from = entry.startTime + offset;
    const { kind } = (entry as PerformanceEntry & { detail: { kind: number } }).detail;
    observed?.[kind === MINOR ? 'young' : 'full'].push({ from, to: from + entry.duration });
  }
}).observe({ entryTypes: ['gc'] });

const statistics = openSync('/proc/self/schedstat', 'r');
const text = Buffer.alloc(100);

/** How long this thread has waited for a CPU so far, in ms. */
function waitedMs(): number {
  const length = readSync(statistics, text, 0, text.length, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[1]) / 1e6;
}

let dueAt = now() + TICK_MS;
let waitedBefore = waitedMs();
setInterval(() => {
  const at = now();
  const waited = waitedMs();
  const lateMs = at - dueAt;
  // Node's timers come up to one ms late by themselves.
  if (lateMs > LEAST_MS + 1)
    observed?.[waited - waitedBefore > lateMs / 2 ? 'unscheduled' : 'turns'].push({ from: dueAt, to: at });
  dueAt = at + TICK_MS;
  waitedBefore = waited;
}, TICK_MS).unref();

const server = createServer((request, response) => {
  if (request.url === '/start') {
    observed = { young: [], full: [], turns: [], unscheduled: [] };
    response.end();
    return;
  }
  // A turn later, so that the observer has been told of everything.
  setTimeout(() => {
    response.end(JSON.stringify(observed));
    observed = undefined;
  }, 10);
});
// It keeps no subject alive.
server.listen(Number(process.env.PROBE_PORT), host).unref();
