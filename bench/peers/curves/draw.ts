import { number } from '../figures.ts';
import { type Curve, type Measure, nameOf, type Point, type Series } from './curve.ts';
import { createLogScale, createRoundLogScale, type LogScale } from './log-scale.ts';
import { escapeXml, line, round, text } from './svg.ts';

const BACKGROUND = '#ffffff';
const TEXT = '#1f2328';
const QUIET_TEXT = '#59636e';
const GRID = '#e4e7eb';
const REFERENCE = '#8b949e';
/** Colours that people who see no red or green can tell apart. */
const COLOURS = ['#0550ae', '#bc4c00'];
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

const PLOT_HEIGHT = 230;
const TOP = 112;
const BOTTOM = 56;
const LEFT = 56;
const RIGHT = 20;
/** The width of one plot, by how many stand side by side. */
const PLOT_WIDTHS = [0, 500, 340, 300];

interface Plot {
  readonly measure: Measure;
  readonly x: LogScale;
  readonly y: LogScale;
}

/**
 * The curve as SVG: a plot for each measure side by side, both axes logarithmic, with linear growth for comparison.
 * @returns undefined when there is no point to draw
 */
export function drawCurve(curve: Curve): string | undefined {
  const measures = curve.measures
    .filter(({ role }) => role !== 'told')
    .map(withoutZeros)
    .filter(({ series }) => series.some(({ points }) => points.length > 0));
  if (measures.length === 0) return undefined;
  const plotWidth = PLOT_WIDTHS[measures.length] ?? Math.min(...PLOT_WIDTHS.slice(1));
  const step = LEFT + plotWidth + RIGHT;
  const width = step * measures.length;
  const height = TOP + PLOT_HEIGHT + BOTTOM;
  const names = [...new Set(measures.flatMap(({ series }) => series.map(nameInLegend)))];
  const plots = measures.map((measure, index): Plot => {
    const points = measure.series.flatMap((series) => series.points);
    const left = index * step + LEFT;
    return {
      measure,
      x: createLogScale(
        points.map(({ items }) => items),
        left,
        left + plotWidth,
      ),
      y: createRoundLogScale(
        points.map(({ value }) => value),
        TOP + PLOT_HEIGHT,
        TOP,
      ),
    };
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${curve.name}-title ${curve.name}-description" font-family="${FONT}" font-size="12" fill="${TEXT}">`,
    `<title id="${curve.name}-title">${escapeXml(curve.title)}</title>`,
    `<desc id="${curve.name}-description">${escapeXml(describe(curve, measures))}</desc>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="${BACKGROUND}" stroke="${GRID}"/>`,
    text(16, 28, curve.title, 'font-size="16" font-weight="600"'),
    drawLegend(names),
    ...plots.map((plot) => drawPlot(plot, curve.items, names)),
    '</svg>',
    '',
  ].join('\n');
}

/** A logarithm has no place for nothing. */
function withoutZeros(measure: Measure): Measure {
  const series = measure.series.map((one) => ({
    ...one,
    points: one.points.filter(({ value }) => value > 0),
  }));
  return { ...measure, series };
}

function nameInLegend({ name = 'gateway' }: Series): string {
  return name;
}

function describe({ items }: Curve, measures: readonly Measure[]): string {
  const sentences = measures.flatMap((measure) =>
    measure.series.map((series) => {
      const points = series.points.map(
        (point) => `${number(point.value, measure.digits)} at ${number(point.items)}`,
      );
      return `${nameOf(measure, series)}: ${points.join(', ')}.`;
    }),
  );
  return `By the number of ${items}, both axes logarithmic. ${sentences.join(' ')}`;
}

function drawLegend(names: readonly string[]): string {
  const entries = [
    ...names.map((name, index) => ({ name, mark: `stroke="${COLOURS[index]}" stroke-width="2.5"` })),
    { name: 'linear from the first point', mark: REFERENCE_MARK },
  ];
  let x = 16;
  return entries
    .map(({ name, mark }) => {
      const drawn = `<line x1="${x}" y1="50" x2="${x + 22}" y2="50" ${mark}/>${text(x + 28, 54, name)}`;
      x += 28 + name.length * 6.5 + 24;
      return drawn;
    })
    .join('\n');
}

const REFERENCE_MARK = `stroke="${REFERENCE}" stroke-width="1" stroke-dasharray="4 3"`;

function drawPlot({ measure, x, y }: Plot, items: string, names: readonly string[]): string {
  const everyItem = measure.series.flatMap(({ points }) => points.map((point) => point.items));
  const across = [...new Set(everyItem)].map(
    (item) =>
      `${line(x.at(item), y.start, x.at(item), y.end, GRID_MARK)}${text(x.at(item), y.start + 18, number(item), 'text-anchor="middle"')}`,
  );
  const up = y.ticks.map(
    (tick) =>
      `${line(x.start, y.at(tick), x.end, y.at(tick), GRID_MARK)}${text(x.start - 6, y.at(tick) + 4, number(tick, digitsOf(tick)), 'text-anchor="end"')}`,
  );
  // Where there are several, the uppermost has its figure above it and the others below.
  const isUppermost = (point: Point) =>
    measure.series.every(({ points }) =>
      points.every(({ items, value }) => items !== point.items || value <= point.value),
    );
  return [
    text(x.start - LEFT + 16, TOP - 22, measure.label, 'font-weight="600"'),
    ...across,
    ...up,
    line(x.start, y.start, x.end, y.start, `stroke="${QUIET_TEXT}"`),
    text((x.start + x.end) / 2, y.start + 40, items, `text-anchor="middle" fill="${QUIET_TEXT}"`),
    drawReference(measure.series[0]?.points[0], x, y),
    ...measure.series.map((series) => {
      const colour = COLOURS[names.indexOf(nameInLegend(series))] ?? TEXT;
      return drawSeries(series, { x, y, colour, digits: measure.digits, isUppermost });
    }),
  ].join('\n');
}

const GRID_MARK = `stroke="${GRID}"`;

/** The cost if it grew as the items do: a line from the first point to the end of the plot. */
function drawReference(first: Point | undefined, x: LogScale, y: LogScale): string {
  if (first === undefined) return '';
  const most = Math.min(x.most / first.items, y.most / first.value);
  return line(
    x.at(first.items),
    y.at(first.value),
    x.at(first.items * most),
    y.at(first.value * most),
    REFERENCE_MARK,
  );
}

interface SeriesLook {
  readonly x: LogScale;
  readonly y: LogScale;
  readonly colour: string;
  readonly digits: number;
  readonly isUppermost: (point: Point) => boolean;
}

function drawSeries({ points }: Series, { x, y, colour, digits, isUppermost }: SeriesLook): string {
  const places = points.map((point) => ({ point, left: x.at(point.items), top: y.at(point.value) }));
  const path = places.map(({ left, top }) => `${round(left)},${round(top)}`).join(' ');
  const halo = `text-anchor="middle" fill="${colour}" stroke="${BACKGROUND}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map(
      ({ left, top }) => `<circle cx="${round(left)}" cy="${round(top)}" r="3.5" fill="${colour}"/>`,
    ),
    ...places.map(({ point, left, top }) =>
      text(left, top + (isUppermost(point) ? -9 : 19), number(point.value, digits), halo),
    ),
  ].join('\n');
}

function digitsOf(tick: number): number {
  return Math.max(0, -Math.floor(Math.log10(tick)));
}
