import { whole } from './format.ts';
import { type Place, Plot } from './plot.tsx';
import { type Column, Table } from './table.tsx';

interface Day {
  readonly date: string;
  readonly count: number;
}

/** The least width that a label of a day takes. */
const LABEL_WIDTH = 56;

const WEEK = 7;

/**
 * Executions by day in the API's order, with axes and the previous week. The value of a day is shown by pointer, by arrow
 * keys and in a table.
 */
export function Chart({ days, title }: { readonly days: readonly Day[]; readonly title: string }) {
  if (days.length === 0) return <p className="quiet">No executions.</p>;
  const last = days.length - 1;
  const say = (at = last) => {
    const shown = days[at];
    return (
      shown && (
        <>
          <b>{whole(shown.count)}</b> on {shown.date}
          {sayChange(shown.count, weekBefore(days, at))}
        </>
      )
    );
  };
  return (
    <Plot
      title={title}
      label={`${days.length} days, ${whole(days.at(-1)?.count ?? 0)} on ${days.at(-1)?.date}`}
      names={days.map(({ date }) => date)}
      most={Math.max(...days.map(({ count }) => count))}
      begin={last}
      say={say}
      bar={(index, place) => (
        <>
          <Bar count={days[index]?.count ?? 0} place={place} />
          <Before count={weekBefore(days, index)} place={place} />
        </>
      )}
      isLabelled={(index, { band }) => (last - index) % Math.ceil(LABEL_WIDTH / Math.max(band, 1)) === 0}
      labelAt={0.5}
    >
      {days.length > WEEK && <p className="legend quiet">A line shows the same day of the week before.</p>}
      <details>
        <summary>Values</summary>
        <Table name={title} rows={valuesOf(days)} idOf={({ date }) => date} columns={VALUES} />
      </details>
    </Plot>
  );
}

function Bar({ count, place: { x, y, band, bottom } }: { readonly count: number; readonly place: Place }) {
  return (
    <rect
      x={x + band * 0.12}
      y={y(count)}
      width={Math.max(band * 0.76, 1)}
      height={bottom - y(count)}
      rx={Math.min(3, band * 0.2)}
    />
  );
}

interface BeforeProps {
  readonly count: number | undefined;
  readonly place: Place;
}

/** The count of the week before, as a line across the bar. */
function Before({ count, place: { x, y, band } }: BeforeProps) {
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
