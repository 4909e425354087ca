import { median, number, ratios, spread, table } from '../figures.ts';
import { floor, fromCache, gateway, type Subject } from '../subjects.ts';
import { CAUSES } from './causes.ts';
import type { LatencySample, LoopSample } from './measure.ts';
import type { LatencyRow, Level } from './row.ts';

/** The goals at equal rates. */
const MOST_P99_OVER_FLOOR_MS = 1;
const MOST_P999_OF_FLOOR = 2;
const MOST_TURN_MS = 20;

/** Tables of latencies by level, of what kept the event loop, of why the slowest were slow, and whether goals are met. */
export function reportLatency(
  rows: readonly LatencyRow[],
  levels: readonly Level[],
  capacities: ReadonlyMap<Subject, readonly number[]>,
): string {
  const measured = rows.filter(({ samples }) => samples.length > 0);
  return [
    '### requests a second in a closed loop, which 100 % stands for',
    table(
      ['subject', 'requests/s'],
      [...capacities].map(([{ name }, perSecond]) => [name, spread(perSecond)]),
    ),
    ...levels.flatMap((level) => [
      `### ${nameOf(level)}`,
      latencies(measured.filter((row) => row.level === level)),
    ]),
    '### why the slowest hundredth was slow, in per cent of it',
    table(
      ['subject', 'load', ...CAUSES],
      measured.filter(({ samples }) => samples.some(({ loop }) => loop)).map(causes),
    ),
    '### goals at equal rates',
    goals(measured, levels),
  ].join('\n\n');
}

function nameOf(level: Level): string {
  return 'rate' in level
    ? `${number(level.rate)} operations a second`
    : `${level.share} % of its own capacity`;
}

function latencies(rows: readonly LatencyRow[]): string {
  const head = [
    'subject',
    'a second',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'longest turn ms',
    'young/s, longest ms',
  ];
  return table(
    [...head, 'full/s, longest ms', 'without CPU ms/s', 'load late ms'],
    rows.map(({ subject, samples, rates }) => {
      const middle = (pick: (sample: LatencySample) => number) => median(samples.map(pick));
      const loops = samples.map(({ loop }) => loop).filter((loop) => loop !== undefined);
      const ofLoop = (pick: (loop: LoopSample) => number) => median(loops.map(pick));
      const collections = (perSecond: number, longestMs: number) =>
        `${number(perSecond, 1)}, ${number(longestMs, 1)}`;
      return [
        subject.name,
        number(median(rates)),
        number(
          middle(({ p50Ms }) => p50Ms),
          2,
        ),
        spread(
          samples.map(({ p99Ms }) => p99Ms),
          2,
        ),
        spread(
          samples.map(({ p999Ms }) => p999Ms),
          2,
        ),
        loops.length === 0
          ? ''
          : number(
              ofLoop(({ longestTurnMs }) => longestTurnMs),
              1,
            ),
        loops.length === 0
          ? ''
          : collections(
              ofLoop((loop) => loop.youngPerSecond),
              ofLoop((loop) => loop.longestYoungMs),
            ),
        loops.length === 0
          ? ''
          : collections(
              ofLoop((loop) => loop.fullPerSecond),
              ofLoop((loop) => loop.longestFullMs),
            ),
        number(
          middle(({ unscheduledMs }) => unscheduledMs),
          1,
        ),
        number(
          middle(({ lateMs }) => lateMs),
          2,
        ),
      ];
    }),
  );
}

function causes({ subject, level, samples }: LatencyRow): string[] {
  const counts = CAUSES.map((cause) =>
    samples.reduce((sum, { loop }) => sum + (loop?.causes.get(cause) ?? 0), 0),
  );
  const all = counts.reduce((sum, count) => sum + count, 0);
  return [subject.name, nameOf(level), ...counts.map((count) => number((100 * count) / all))];
}

function goals(rows: readonly LatencyRow[], levels: readonly Level[]): string {
  const verdict = (value: number, most: number, digits: number) =>
    `${number(value, digits)}${value > most ? ', missed' : ''}`;
  const body = levels.flatMap((level) => {
    if (!('rate' in level)) return [];
    const of = (subject: Subject) =>
      rows.find((row) => row.subject === subject && row.level === level)?.samples ?? [];
    const beside = of(floor);
    return [gateway, fromCache].map((subject) => {
      const samples = of(subject);
      const over = samples.map(({ p99Ms }, round) => p99Ms - (beside[round]?.p99Ms ?? Number.NaN));
      const times = ratios(
        samples.map(({ p999Ms }) => p999Ms),
        beside.map(({ p999Ms }) => p999Ms),
      );
      const turns = samples.map(({ loop }) => loop?.longestTurnMs ?? Number.NaN);
      return [
        subject.name,
        number(level.rate),
        verdict(median(over), MOST_P99_OVER_FLOOR_MS, 2),
        verdict(median(times), MOST_P999_OF_FLOOR, 2),
        verdict(median(turns), MOST_TURN_MS, 1),
      ];
    });
  });
  return table(
    [
      'subject',
      'a second',
      `p99 over the floor's, ms: at most ${MOST_P99_OVER_FLOOR_MS}`,
      `p99.9 of the floor's: at most ${MOST_P999_OF_FLOOR}`,
      `longest turn, ms: at most ${MOST_TURN_MS}`,
    ],
    body,
  );
}
