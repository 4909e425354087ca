import type { Offered } from './load.ts';
import { type Cost, callsPerOperation } from './measure.ts';
import { NO_ANSWER, type Outcomes, percentile } from './outcomes.ts';

/** The part of one run that is printed. */
export interface Report {
  readonly title: string;
  readonly rows: readonly Row[];
  /** The counts that had to be 0 and are not: the harness fails. */
  readonly broken: readonly string[];
  /** The targets of the run, and whether it met them. */
  readonly targets: readonly Target[];
}

export type Row = readonly [label: string, value: string];

export interface Target {
  readonly text: string;
  readonly met: boolean;
}

export interface Load {
  readonly perSecond: number;
  readonly offered: Offered;
  /** By kind of operation, such as `reads`. */
  readonly outcomes: Readonly<Record<string, Outcomes>>;
  /** Reads that showed less than a write whose answer had come before they began; undefined where nothing is written. */
  readonly staleAfterWrite?: number;
}

/** The figures that every run under load has in common. */
export function reportLoad(title: string, load: Load, cost: Cost, targets: readonly Target[] = []): Report {
  const { perSecond, offered, outcomes, staleAfterWrite } = load;
  const kinds = Object.entries(outcomes);
  const errors = sumByCode(kinds.map(([, kind]) => kind.errors));
  const served = kinds.reduce((sum, [, kind]) => sum + kind.served, 0);
  const ages = kinds.flatMap(([, kind]) => kind.staleAges);
  const zeros = mustBeZero(errors, cost, staleAfterWrite);
  return {
    title,
    rows: [
      ['offered operations', `${offered.operations}, ${perSecond} a second`],
      ['served operations', `${served}, ${(served / cost.seconds).toFixed(1)} a second`],
      ...restRows(cost),
      ['REST calls per operation', callsPerOperation(served, cost).toFixed(4)],
      ['GraphQL errors', [...errors].map(([code, count]) => `${code} ${count}`).join(', ') || 'none'],
      [
        'answers that said stale',
        `${ages.length} (${((ages.length / Math.max(1, served)) * 100).toFixed(1)} %)`,
      ],
      ...(ages.length > 0 ? [['age of stale answers', describeAge(ages)] as const] : []),
      ...zeros.rows,
      ...kinds.map(([kind, { latencies }]): Row => [`latency of ${kind}`, describeLatency(latencies)]),
      ['harness late by at most', `${offered.latestMs.toFixed(0)} ms`],
      ...costRows(cost),
    ],
    broken: zeros.broken,
    targets,
  };
}

/** The counts that have to be 0 in every run, however slow the machine. */
export function mustBeZero(errors: ReadonlyMap<string, number>, cost: Cost, staleAfterWrite?: number) {
  const counts: [label: string, count: number][] = [
    ['ratelimited answers of the API', cost.rest.limited],
    ['operations without an answer', errors.get(NO_ANSWER) ?? 0],
  ];
  if (staleAfterWrite !== undefined) counts.push(['stale reads after own writes', staleAfterWrite]);
  return {
    rows: counts.map(([label, count]): Row => [label, String(count)]),
    broken: counts.filter(([, count]) => count > 0).map(([label, count]) => `${label}: ${count}`),
  };
}

export function restRows({ rest, seconds }: Cost): Row[] {
  return [
    ['REST calls', `${rest.calls}, ${(rest.calls / seconds).toFixed(2)} a second`],
    ['most REST calls in any second', String(rest.mostInOneSecond)],
  ];
}

export function costRows({ cpuSeconds, cpuWaitSeconds, seconds, gatewayPeakMb }: Cost): Row[] {
  const { gateway, harness, rest } = cpuSeconds;
  const waited =
    cpuWaitSeconds === undefined ? 'unknown' : `${((cpuWaitSeconds / seconds) * 100).toFixed(0)} %`;
  return [
    ['CPU seconds of the gateway', `${gateway.toFixed(2)} in ${seconds.toFixed(1)} s`],
    ['CPU seconds of harness, REST side', `${harness.toFixed(2)}, ${rest.toFixed(2)}`],
    ['time in which a process waited for a CPU', waited],
    ['peak memory of the gateway', `${gatewayPeakMb.toFixed(0)} MB`],
  ];
}

export function describeLatency(latencies: readonly number[]): string {
  const at = (share: number) => percentile(latencies, share).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms (${latencies.length})`;
}

function describeAge(agesMs: readonly number[]): string {
  const at = (share: number) => (percentile(agesMs, share) / 1_000).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} s`;
}

/** The report as lines of text. */
export function printReport({ title, rows, targets, broken }: Report): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    `\n${title}`,
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    ...targets.map(({ text, met }) => `  ${met ? 'target met' : 'TARGET MISSED'}: ${text}`),
    ...broken.map((line) => `  MUST BE 0: ${line}`),
  ].join('\n');
}

function sumByCode(all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const errors of all) {
    for (const [code, count] of errors) sum.set(code, (sum.get(code) ?? 0) + count);
  }
  return sum;
}
