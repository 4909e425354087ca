import { type Entry, measureInTurns, type RoundOptions, type Row } from '../contest.ts';
import { median } from '../figures.ts';
import type { Sample } from '../measure.ts';
import type { Measure, Point } from './curve.ts';

export interface Measured {
  readonly items: number;
  readonly row: Row;
}

/** Measures the points of a curve in turns. */
export async function measurePoints(
  points: readonly (Entry & { readonly items: number })[],
  options: RoundOptions,
): Promise<Measured[]> {
  const rows = await measureInTurns(points, options);
  return points.map(({ items }, index) => ({ items, row: rows[index] as Row }));
}

/** Medians of the rounds. A row that failed has no point. */
function pointsOf(measured: readonly Measured[], pick: (sample: Sample) => number): Point[] {
  return measured
    .filter(({ row }) => row.failure === undefined)
    .map(({ items, row }) => ({ items, value: median(row.samples.map(pick)) }));
}

export interface MeasureOptions {
  readonly label: string;
  readonly role: Measure['role'];
  readonly digits?: number;
  /** By whose they are, where there are several. */
  readonly of: readonly Measured[] | Readonly<Record<string, readonly Measured[]>>;
  readonly pick: (sample: Sample) => number;
}

export function measureOf({ label, role, digits = 0, of, pick }: MeasureOptions): Measure {
  const series = Array.isArray(of)
    ? [{ points: pointsOf(of, pick) }]
    : Object.entries(of).map(([name, measured]) => ({ name, points: pointsOf(measured, pick) }));
  return { label, role, digits, series };
}

export function cpuPerAnswer(of: MeasureOptions['of']): Measure {
  return measureOf({ label: 'CPU µs per answer', role: 'cost', of, pick: ({ cpuUs }) => cpuUs });
}

export function requestsPerSecond(of: MeasureOptions['of'], role: Measure['role'] = 'told'): Measure {
  return measureOf({ label: 'requests/s', role, of, pick: ({ perSecond }) => perSecond });
}

export function callsPerAnswer(of: MeasureOptions['of']): Measure {
  return measureOf({
    label: 'REST calls per answer',
    role: 'told',
    digits: 2,
    of,
    pick: ({ calls }) => calls,
  });
}

export function failuresOf(measured: readonly Measured[]): string[] {
  return measured.flatMap(({ items, row: { subject, failure } }) =>
    failure === undefined ? [] : `${subject.name} at ${items}: ${failure}`,
  );
}

/** More REST calls for an answer than the checks beside the load, and what was under way at its end, can make. */
const MOST_CALLS_FROM_COPIES = 0.02;

/** Which points were to be answered from the cache and were not. */
export function notFromCopies(measured: readonly Measured[]): string[] {
  return pointsOf(measured, ({ calls }) => calls)
    .filter(({ value }) => value > MOST_CALLS_FROM_COPIES)
    .map(({ items, value }) => `at ${items}, an answer took ${value.toFixed(2)} REST calls and none was to.`);
}
