import { oneScript } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { floor, gateway } from '../subjects.ts';
import type { Curve } from './curve.ts';
import {
  callsPerAnswer,
  cpuPerAnswer,
  failuresOf,
  measureOf,
  measurePoints,
  requestsPerSecond,
} from './measured-points.ts';

const COUNTS = [1, 8, 64, 256, 1_024, 4_096];

/** More and more clients, each with a request under way. */
export async function measureConnections(options: RoundOptions): Promise<Curve> {
  const kind = oneScript();
  const points = COUNTS.flatMap((items) =>
    [floor, gateway].map((subject) => ({ items, subject, kind, connections: items })),
  );
  const measured = await measurePoints(points, options);
  const of = {
    gateway: measured.filter(({ row }) => row.subject === gateway),
    floor: measured.filter(({ row }) => row.subject === floor),
  };
  return {
    name: 'connections',
    title: 'Requests, latency and CPU time, and the connections',
    items: 'connections',
    measures: [
      requestsPerSecond(of, 'drawn'),
      measureOf({ label: 'p99 ms', role: 'cost', digits: 1, of, pick: ({ p99Ms }) => p99Ms }),
      cpuPerAnswer(of),
      callsPerAnswer(of),
    ],
    notes: [
      'One script; each connection has one request under way at a time. REST calls per answer show the error of CPU time per answer. Calls that wrk gives up at the end of a round cost CPU time too. Reads of the same script at a time share a call, so the gateway may be below 1.',
    ],
    failures: failuresOf(measured),
  };
}
