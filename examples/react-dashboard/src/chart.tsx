import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { compact, whole } from './format.ts';
import { type Column, Table } from './table.tsx';

interface Day {
  readonly date: string;
  readonly count: number;
}

export const HEIGHT = 240;
export const [TOP, RIGHT, BOTTOM, LEFT] = [12, 12, 28, 48];
/** The least width that a label of a day takes. */
const LABEL_WIDTH = 56;

const WEEK = 7;

/**
 * Executions by day in the API's order, with axes and the previous week. The value of a day is shown by pointer, by arrow
 * keys and in a table.
 */
export function Chart({ days, title }: { readonly days: readonly Day[]; readonly title: string }) {
  const { ref, width } = useWidth();
  const [chosen, setChosen] = useState<number>();
  if (days.length === 0) return <p className="quiet">No executions.</p>;
  const ticks = ticksUpTo(Math.max(...days.map(({ count }) => count)));
  const top = ticks.at(-1) ?? 1;
  // A part of a page that is not shown has no width.
  const band = Math.max(0, width - LEFT - RIGHT) / days.length;
  const x = (index: number) => LEFT + index * band;
  const y = (count: number) => TOP + (1 - count / top) * (HEIGHT - TOP - BOTTOM);
  const every = Math.ceil(LABEL_WIDTH / Math.max(band, 1));
  const at = chosen ?? days.length - 1;
  const shown = days[at];
  const onPointer = ({ clientX, currentTarget }: PointerEvent<SVGSVGElement>) => {
    const index = Math.floor((clientX - currentTarget.getBoundingClientRect().left - LEFT) / band);
    setChosen(Math.min(Math.max(index, 0), days.length - 1));
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    setChosen(Math.min(Math.max((chosen ?? days.length - 1) + step, 0), days.length - 1));
  };
  return (
    <figure className="chart" ref={ref}>
      <figcaption>
        <span>{title}</span>
        {shown && (
          <output>
            <b>{whole(shown.count)}</b> on {shown.date}
            {sayChange(shown.count, weekBefore(days, at))}
          </output>
        )}
      </figcaption>
      <svg
        role="img"
        aria-label={`${title}: ${days.length} days, ${whole(days.at(-1)?.count ?? 0)} on ${days.at(-1)?.date}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys choose a day.
        tabIndex={0}
        width={width}
        height={HEIGHT}
        onPointerMove={onPointer}
        onPointerLeave={() => setChosen(undefined)}
        onKeyDown={onKey}
        onBlur={() => setChosen(undefined)}
      >
        {ticks.map((tick) => (
          <g key={tick} className="tick">
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end">
              {compact(tick)}
            </text>
          </g>
        ))}
        {days.map(({ date, count }, index) => (
          <g key={date} className={chosen === undefined || chosen === index ? 'day' : 'day other'}>
            <rect
              x={x(index) + band * 0.12}
              y={y(count)}
              width={Math.max(band * 0.76, 1)}
              height={HEIGHT - BOTTOM - y(count)}
              rx={Math.min(3, band * 0.2)}
            />
            <Before count={weekBefore(days, index)} x={x(index)} y={y} band={band} />
            {(days.length - 1 - index) % every === 0 && (
              <text x={x(index) + band / 2} y={HEIGHT - 8} textAnchor="middle">
                {date}
              </text>
            )}
          </g>
        ))}
      </svg>
      {days.length > WEEK && <p className="legend quiet">A line shows the same day of the week before.</p>}
      <details>
        <summary>Values</summary>
        <Table name={title} rows={valuesOf(days)} idOf={({ date }) => date} columns={VALUES} />
      </details>
    </figure>
  );
}

interface BeforeProps {
  readonly count: number | undefined;
  readonly x: number;
  readonly y: (count: number) => number;
  readonly band: number;
}

/** The count of the week before, as a line across the bar. */
function Before({ count, x, y, band }: BeforeProps) {
  if (count === undefined) return null;
  return <line className="before" x1={x + band * 0.04} x2={x + band * 0.96} y1={y(count)} y2={y(count)} />;
}

const weekBefore = (days: readonly Day[], index: number): number | undefined => days[index - WEEK]?.count;

const PERCENT = new Intl.NumberFormat('en', {
  style: 'percent',
  maximumFractionDigits: 0,
});

function sayChange(count: number, before: number | undefined): string {
  if (!before) return '';
  const change = count / before - 1;
  return `, ${PERCENT.format(Math.abs(change))} ${change < 0 ? 'below' : 'above'} the week before`;
}

interface Value extends Day {
  readonly before: number | undefined;
  /** The place of the day in the list of the API: days sort by it, which by their labels they do not. */
  readonly index: number;
}

const valuesOf = (days: readonly Day[]): readonly Value[] =>
  days.map((day, index) => ({ ...day, index, before: weekBefore(days, index) }));

const dateOf = ({ date }: Value): string => date;

const VALUES: readonly Column<Value>[] = [
  { name: 'Day', value: ({ index }) => index, csv: ['Day', dateOf], show: dateOf },
  { name: 'Executions', isNumber: true, value: ({ count }) => count, show: ({ count }) => whole(count) },
  {
    name: 'Week before',
    isNumber: true,
    value: ({ before }) => before ?? '',
    show: ({ before }) => (before === undefined ? '' : whole(before)),
  },
];

const [SPARK_WIDTH, SPARK_HEIGHT] = [120, 28];

/** The same as a mark in a table: its shape, and the last day in words. */
export function Spark({ days }: { readonly days: readonly Day[] }) {
  const last = days.at(-1);
  if (!last) return <span className="quiet">none</span>;
  const most = Math.max(1, ...days.map(({ count }) => count));
  const band = SPARK_WIDTH / days.length;
  const label = `${whole(last.count)} on ${last.date}`;
  return (
    <svg className="spark" role="img" aria-label={label} width={SPARK_WIDTH} height={SPARK_HEIGHT}>
      <title>{label}</title>
      {days.map(({ date, count }, index) => {
        const height = Math.max(1, (count / most) * SPARK_HEIGHT);
        return (
          <rect key={date} x={index * band} y={SPARK_HEIGHT - height} width={band * 0.7} height={height} />
        );
      })}
    </svg>
  );
}

/** From 0 to at least `most`, in some four round steps. */
export function ticksUpTo(most: number): number[] {
  const rough = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, index) => index * step);
}

/** The width that there is, so that labels keep their size. */
export function useWidth() {
  const ref = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const { current } = ref;
    if (!current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}
