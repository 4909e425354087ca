import { oneScript } from '../cases.ts';
import type { RoundOptions } from '../contest.ts';
import { number } from '../figures.ts';
import { ofTheGateway, withCache } from '../subjects.ts';
import type { Curve } from './curve.ts';
import { fillCache } from './fill-cache.ts';
import {
  callsPerAnswer,
  cpuPerAnswer,
  failuresOf,
  measureOf,
  measurePoints,
  notFromCopies,
  requestsPerSecond,
} from './measured-points.ts';

const COUNTS = [10, 100, 1_000, 10_000, 100_000];
/** When more has been read than the cache holds, at least so many of the last ones are still in it. */
const MOST_ASKED_FOR = 10_000;
const CONNECTIONS = 64;

/** More and more answers in the gateway's own cache. */
export async function measureCache(options: RoundOptions): Promise<Curve> {
  const subject = ofTheGateway('from the cache', withCache);
  const held = new Map<number, number>();
  const points = COUNTS.map((items) => ({
    items,
    subject,
    kind: oneScript(lastOf(items)),
    connections: CONNECTIONS,
    prepare: async ({ url }: { url: string }) => void held.set(items, await fillCache(url, items)),
  }));
  const asked = await measurePoints(points, options);
  const measured = asked.map(({ items, row }) => ({ items: held.get(items) ?? items, row }));
  return {
    name: 'cache',
    title: 'CPU time and memory, and the entries of the cache',
    items: 'entries',
    measures: [
      cpuPerAnswer(measured),
      measureOf({
        label: 'resident memory MB',
        role: 'cost',
        of: measured,
        pick: ({ residentMb }) => residentMb,
      }),
      requestsPerSecond(measured),
      callsPerAnswer(measured),
    ],
    notes: [
      `So many different scripts were read before: ${COUNTS.map((count) => number(count)).join(', ')}. The cache of a process holds 50,000 entries or 64 MB at most, and no variable changes that. So the last point is what it holds of ${number(COUNTS.at(-1) ?? 0)}; it was asked. Reads are of the last ${number(MOST_ASKED_FOR)} at most.`,
    ],
    failures: [...failuresOf(measured), ...notFromCopies(measured)],
  };
}

function lastOf(scripts: number) {
  const count = Math.min(scripts, MOST_ASKED_FOR);
  return { first: scripts - count, count };
}
