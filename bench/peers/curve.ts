import { type Case, oneScript, scripts, sessions } from './cases.ts';
import { type ContestOptions, contest, type Row } from './contest.ts';
import { median, number, ratios, table } from './figures.ts';
import type { Sample } from './measure.ts';
import { perSecond } from './report.ts';
import { floor, gateway } from './subjects.ts';

const CONNECTIONS = [1, 4, 16, 64, 256];

export interface CurveResult {
  readonly report: string;
  readonly rows: readonly Row[];
}

/** How the gateway's cost grows with the work, and how gateway and floor fare with few and many connections. */
export async function measureCurve(options: ContestOptions): Promise<CurveResult> {
  const rows: Row[] = [];
  const growth: string[][] = [];
  for (const [kind, items] of growingCases()) {
    const [row] = await contest(kind, [gateway], options);
    rows.push(row as Row);
    growth.push([kind.title, ...growthCells(row as Row, items)]);
  }
  const width: string[][] = [];
  for (const connections of CONNECTIONS) {
    const both = await contest(oneScript(), [floor, gateway], { ...options, connections });
    rows.push(...both);
    width.push([String(connections), ...widthCells(both as [Row, Row])]);
  }
  const report = [
    '### as the work grows: the gateway',
    table(['asked for', 'requests/s', 'p50 ms', 'CPU µs per answer', 'CPU µs per item'], growth),
    '### as the clients grow: one script',
    table(
      [
        'connections',
        'floor requests/s',
        'gateway requests/s',
        'of the floor',
        'gateway p50 ms',
        'gateway p99 ms',
      ],
      width,
    ),
  ].join('\n\n');
  return { report, rows };
}

function growingCases(): [Case, number][] {
  const counts = [1, 10, 100] as const;
  return [
    ...counts.map((count): [Case, number] => [scripts(count), count]),
    ...counts.map((count): [Case, number] => [sessions(count), count]),
  ];
}

function growthCells(row: Row, items: number): string[] {
  if (row.failure !== undefined) return [row.failure, '', '', ''];
  const cpuUs = middle(row, ({ cpuUs }) => cpuUs);
  return [
    number(median(perSecond(row))),
    number(
      middle(row, ({ p50Ms }) => p50Ms),
      1,
    ),
    number(cpuUs),
    number(cpuUs / items, 1),
  ];
}

function widthCells([floorRow, gatewayRow]: [Row, Row]): string[] {
  const failure = floorRow.failure ?? gatewayRow.failure;
  if (failure !== undefined) return [failure, '', '', '', ''];
  return [
    number(median(perSecond(floorRow))),
    number(median(perSecond(gatewayRow))),
    number(median(ratios(perSecond(gatewayRow), perSecond(floorRow))), 2),
    number(
      middle(gatewayRow, ({ p50Ms }) => p50Ms),
      1,
    ),
    number(
      middle(gatewayRow, ({ p99Ms }) => p99Ms),
      1,
    ),
  ];
}

function middle({ samples }: Row, pick: (sample: Sample) => number): number {
  return median(samples.map(pick));
}
