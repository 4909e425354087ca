import { number, table } from '../figures.ts';
import { type Curve, nameOf } from './curve.ts';
import { describeGrowth } from './growth.ts';

/** The curve in Markdown. */
export function reportCurve(curve: Curve): string {
  const { title, items, measures, notes, failures } = curve;
  const columns = measures.flatMap((measure) => measure.series.map((series) => ({ measure, series })));
  const everyItem = columns.flatMap(({ series }) => series.points.map((point) => point.items));
  const rows = [...new Set(everyItem)].sort((a, b) => a - b);
  const cell = ({ measure, series }: (typeof columns)[number], row: number) => {
    const point = series.points.find((one) => one.items === row);
    return point ? number(point.value, measure.digits) : '';
  };
  return [
    `### ${title}`,
    table(
      [items, ...columns.map(({ measure, series }) => nameOf(measure, series))],
      rows.map((row) => [number(row), ...columns.map((column) => cell(column, row))]),
    ),
    describeGrowth(curve),
    ...notes,
    ...failures.map((failure) => `Does not count: ${failure}`),
  ].join('\n\n');
}
