import { type KeyboardEvent, type PointerEvent, useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { BOTTOM, HEIGHT, LEFT, RIGHT, TOP, ticksUpTo, useWidth } from './chart.tsx';
import { compact, count, timeOfDay } from './format.ts';
import { graphql } from './gql/index.ts';
import { type Column, Table } from './table.tsx';

/** A query of its own: a key without the scope for sessions still sees the script. */
const ONLINE = graphql(/* GraphQL */ `
  query OnlineToday($id: ID!) {
    script(id: $id) {
      id
      onlineHistory {
        from
        periodMs
        sessions
      }
    }
  }
`);

const REFRESH_MS = 5 * 60_000;
const TITLE = 'Users online, last 24 hours';
/** The periods between two labels of the axis: 4 hours, or 8 on a phone. */
const [WIDE_STEP, NARROW_STEP] = [24, 48];
const NARROW = 500;

interface Period {
  readonly index: number;
  readonly time: string;
  /** Null: there is no sample of this period. */
  readonly users: number | null;
}

/** The connected users of a script during the last day, if the gateway samples the script. */
export function Online({ id }: { readonly id: string }) {
  const [{ data }, refresh] = useQuery({ query: ONLINE, variables: { id } });
  useEffect(() => {
    const timer = setInterval(() => refresh({ requestPolicy: 'network-only', isQuiet: true }), REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  const history = data?.script?.onlineHistory;
  if (!history) return null;
  const from = Date.parse(history.from);
  const periods = history.sessions.map((users, index) => ({
    index,
    time: timeOfDay(from + index * history.periodMs),
    users,
  }));
  return (
    <section className="card">
      <Plot periods={periods} />
    </section>
  );
}

function Plot({ periods }: { readonly periods: readonly Period[] }) {
  const { ref, width } = useWidth();
  const [chosen, setChosen] = useState<number>();
  const known = periods.filter(({ users }) => users !== null);
  const ticks = ticksUpTo(Math.max(0, ...known.map(({ users }) => users ?? 0)));
  const top = ticks.at(-1) ?? 1;
  const band = Math.max(0, width - LEFT - RIGHT) / periods.length;
  const step = width < NARROW ? NARROW_STEP : WIDE_STEP;
  const x = (index: number) => LEFT + index * band;
  const y = (users: number) => TOP + (1 - users / top) * (HEIGHT - TOP - BOTTOM);
  const last = known.at(-1);
  const shown = chosen === undefined ? last : periods[chosen];
  const choose = (index: number) => setChosen(Math.min(Math.max(index, 0), periods.length - 1));
  const onPointer = ({ clientX, currentTarget }: PointerEvent<SVGSVGElement>) =>
    choose(Math.floor((clientX - currentTarget.getBoundingClientRect().left - LEFT) / band));
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose((chosen ?? last?.index ?? periods.length - 1) + by);
  };
  return (
    <figure className="chart" ref={ref}>
      <figcaption>
        <span>{TITLE}</span>
        {shown && (
          <output>
            <b>{say(shown)}</b> at {shown.time}
          </output>
        )}
      </figcaption>
      <svg
        role="img"
        aria-label={`${TITLE}: ${last ? `${say(last)} at ${last.time}` : 'no sample yet'}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys choose a period.
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
        {periods.map(({ index, time, users }) => (
          <g key={time} className={chosen === undefined || chosen === index ? 'day' : 'day other'}>
            {users !== null && (
              <rect x={x(index)} y={y(users)} width={band * 0.85} height={HEIGHT - BOTTOM - y(users)} />
            )}
            {index > 0 && index % step === 0 && (
              <text x={x(index)} y={HEIGHT - 8} textAnchor="middle">
                {time}
              </text>
            )}
          </g>
        ))}
      </svg>
      <p className="legend quiet">
        The most users in each ten minutes. A period without a sample is empty, and a restart of the gateway
        forgets the day.
      </p>
      <details>
        <summary>Values</summary>
        <Table name={TITLE} rows={known} idOf={timeOf} columns={VALUES} />
      </details>
    </figure>
  );
}

const say = ({ users }: Period): string => (users === null ? 'No sample' : count(users, 'user'));
const timeOf = ({ time }: Period): string => time;

const VALUES: readonly Column<Period>[] = [
  { name: 'Time', value: ({ index }) => index, csv: ['Time', timeOf], show: timeOf },
  { name: 'Users', isNumber: true, value: ({ users }) => users ?? '', show: ({ users }) => users },
];
