import { isDeepStrictEqual } from 'node:util';
import type { Case } from './cases.ts';
import type { Row } from './contest.ts';
import { median, number, ratios, restlessness, spread, table } from './figures.ts';
import type { Sample } from './measure.ts';
import { floor, gateway } from './subjects.ts';

/** A case as a table: medians of the rounds, with the range of the requests per second and of the ratios. */
export function reportCase({ title, requests }: Case, rows: readonly Row[]): string {
  const floorRow = rows.find(({ subject }) => subject === floor);
  const gatewayRow = rows.find(({ subject }) => subject === gateway);
  const head = [
    'subject',
    'requests/s',
    ...(floorRow ? ['of the floor'] : []),
    'gateway over it',
    'p50 ms',
    'p99 ms',
    'CPU µs per answer',
    'its CPU over the gateway’s',
    'REST calls per answer',
    'peak memory MB',
  ];
  const body = rows.map((row) => {
    if (row.failure !== undefined)
      return [row.subject.name, 'does not count, see below', ...head.slice(2).map(() => '')];
    const of = (pick: (sample: Sample) => number) => row.samples.map(pick);
    const against = (other: Row | undefined, ours: Row, figure = perSecond) =>
      other === undefined || other === ours || other.failure !== undefined
        ? ''
        : spread(ratios(figure(ours), figure(other)), 2);
    return [
      row.subject.name,
      spread(perSecond(row)),
      ...(floorRow ? [against(floorRow, row)] : []),
      gatewayRow && gatewayRow.failure === undefined ? against(row, gatewayRow) : '',
      number(median(of(({ p50Ms }) => p50Ms)), 1),
      number(median(of(({ p99Ms }) => p99Ms)), 1),
      number(median(of(({ cpuUs }) => cpuUs))),
      against(gatewayRow, row, cpuUsOf),
      number(median(of(({ calls }) => calls)), 2),
      number(row.peakMemoryMb ?? Number.NaN),
    ];
  });
  const failures = rows.filter(({ failure }) => failure !== undefined);
  const right = requests[0]?.answer ?? {};
  const deviations = rows.filter(
    ({ subject: { deviation } }) => deviation && !isDeepStrictEqual(deviation.instead(right), right),
  );
  return [
    `### ${title}`,
    table(head, body),
    ...(floorRow?.samples.length ? [restlessness(perSecond(floorRow)) ?? []].flat() : []),
    ...deviations.map(({ subject }) => `${subject.name}: ${subject.deviation?.note}.`),
    ...failures.map(({ subject, failure }) => `${subject.name} does not count: ${failure}`),
  ].join('\n\n');
}

/** How long each subject takes from the start of its process to its first right answer, alone on the machine. */
export function reportStartups(rows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ subject }) => subject.name))];
  const timesOf = (name: string) =>
    rows.filter(({ subject }) => subject.name === name).flatMap(({ startupsMs }) => startupsMs);
  const body = names.map((name) => {
    const times = timesOf(name);
    return [name, times.length > 0 ? spread(times) : 'did not start'];
  });
  return ['### start to first right answer', table(['subject', 'ms'], body)].join('\n\n');
}

export function cpuUsOf({ samples }: Row): number[] {
  return samples.map(({ cpuUs }) => cpuUs);
}

export function perSecond({ samples }: Row): number[] {
  return samples.map((sample) => sample.perSecond);
}
