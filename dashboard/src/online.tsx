import { useEffect } from 'react';
import { useQuery } from 'urql';
import { count, timeOfDay } from './format.ts';
import { graphql } from './gql/index.ts';
import { Plot } from './plot.tsx';
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
      <Periods periods={periods} />
    </section>
  );
}

function Periods({ periods }: { readonly periods: readonly Period[] }) {
  const known = periods.filter(({ users }) => users !== null);
  const last = known.at(-1);
  const sayOf = (chosen: number | undefined) => {
    const shown = chosen === undefined ? last : periods[chosen];
    return (
      shown && (
        <>
          <b>{say(shown)}</b> at {shown.time}
        </>
      )
    );
  };
  return (
    <Plot
      title={TITLE}
      label={last ? `${say(last)} at ${last.time}` : 'no sample yet'}
      names={periods.map(timeOf)}
      most={Math.max(0, ...known.map(({ users }) => users ?? 0))}
      begin={last?.index ?? periods.length - 1}
      say={sayOf}
      bar={(index, { x, y, band, bottom }) => {
        const users = periods[index]?.users ?? null;
        return users !== null && <rect x={x} y={y(users)} width={band * 0.85} height={bottom - y(users)} />;
      }}
      isLabelled={(index, { width }) => index > 0 && index % (width < NARROW ? NARROW_STEP : WIDE_STEP) === 0}
      labelAt={0}
    >
      <p className="legend quiet">
        The most users in each ten minutes. A period without a sample is empty, and a restart of the gateway
        forgets the day.
      </p>
      <details>
        <summary>Values</summary>
        <Table name={TITLE} rows={known} idOf={timeOf} columns={VALUES} />
      </details>
    </Plot>
  );
}

const say = ({ users }: Period): string => (users === null ? 'No sample' : count(users, 'user'));
const timeOf = ({ time }: Period): string => time;

const VALUES: readonly Column<Period>[] = [
  { name: 'Time', value: ({ index }) => index, csv: ['Time', timeOf], show: timeOf },
  { name: 'Users', isNumber: true, value: ({ users }) => users ?? '', show: ({ users }) => users },
];
