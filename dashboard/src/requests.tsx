import { useCallback, useEffect, useState } from 'react';
import { clock, count, instant, whole } from './format.ts';
import { readKey } from './key.ts';
import { Loading, Notice } from './notice.tsx';
import { type Column, Table } from './table.tsx';
import { useTitle } from './title.ts';
import { sayCode } from './words.ts';

/** As the gateway lists it: see src/features/dashboard/recent-requests.ts. */
interface Request {
  readonly at: string;
  readonly requestId: string;
  readonly name?: string;
  readonly type?: string;
  readonly caller?: string;
  readonly ms: number;
  readonly calls: number;
  readonly codes: readonly string[];
  readonly fields: readonly string[];
}

type Found = { readonly requests: readonly Request[] } | { readonly problem: string };

/** @returns the newest request first, or why the gateway does not tell */
async function readRequests(): Promise<Found> {
  const key = readKey();
  try {
    const response = await fetch('requests.json', {
      headers: { accept: 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    });
    const answer = await response.json();
    if (!Array.isArray(answer)) return { problem: answer.errors[0].message };
    return { requests: answer.filter(({ name }: Request) => !QUESTIONS.includes(name)) };
  } catch {
    return { problem: 'The gateway cannot be reached. Check your connection, and whether the gateway runs.' };
  }
}

/** By these documents the dashboard asks what a key may do: see allowed.tsx. Their refusals are no trouble. */
const QUESTIONS: readonly unknown[] = ['MayRead', 'MayWrite'];

const ALL = '';
const FINE = 'without an error';
const NO_NAME = 'no name';
const callerOf = ({ caller }: Request): string => caller ?? NO_NAME;
const codesOf = ({ codes }: Request): readonly string[] => (codes.length > 0 ? codes : [FINE]);

/** What this process of the gateway has answered, for the question "what happened?". */
export function Requests() {
  useTitle('Requests');
  const [found, setFound] = useState<Found>();
  const [caller, setCaller] = useState(ALL);
  const [code, setCode] = useState(ALL);
  const refresh = useCallback(() => void readRequests().then(setFound), []);
  useEffect(refresh, [refresh]);
  const all = found && 'requests' in found ? found.requests : [];
  const shown = all
    .filter((request) => caller === ALL || callerOf(request) === caller)
    .filter((request) => code === ALL || codesOf(request).includes(code));
  return (
    <>
      <div className="title">
        <h1>Requests</h1>
        <button type="button" className="plain" onClick={refresh}>
          Refresh
        </button>
      </div>
      <p className="quiet">
        The last 200 operations of this process of the gateway, without variables. A restart forgets them.
      </p>
      {!found && <Loading />}
      {found && 'problem' in found && <Notice outcome={{ isGood: false, text: found.problem }} />}
      {all.length > 0 && (
        <section className="card">
          <div className="line filters">
            <Choice label="Caller" value={caller} all={all.map(callerOf)} onChange={setCaller} />
            <Choice label="Outcome" value={code} all={all.flatMap(codesOf)} onChange={setCode} />
            <span className="quiet">{count(shown.length, 'request')}</span>
          </div>
          <Table
            name="Requests"
            rows={shown}
            idOf={({ requestId, at }) => `${requestId} ${at}`}
            columns={COLUMNS}
            page={50}
          />
        </section>
      )}
      {found && 'requests' in found && all.length === 0 && <p>There was no request yet.</p>}
    </>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly all: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, all, onChange }: ChoiceProps) {
  // What is chosen stays in the list when its last request has gone.
  const names = [...new Set([...all, ...(value === ALL ? [] : [value])])].toSorted();
  return (
    <label>
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value={ALL}>All</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

const outcomeOf = ({ codes }: Request): string => codes.join(', ');

const COLUMNS: readonly Column<Request>[] = [
  {
    name: 'Time',
    value: ({ at }) => Date.parse(at),
    csv: ['Time', ({ at }) => at],
    show: ({ at, requestId }) => (
      <time dateTime={at} title={`${instant(at)}, request id ${requestId}`}>
        {clock(at)}
      </time>
    ),
  },
  {
    name: 'Operation',
    value: ({ name, type }) => name ?? type ?? 'unreadable',
    show: ({ name, type }) => (
      <>
        <b>{name ?? 'no name'}</b> <small className="quiet">{type ?? 'unreadable'}</small>
      </>
    ),
  },
  { name: 'Caller', value: callerOf },
  { name: 'ms', isNumber: true, value: ({ ms }) => ms, show: ({ ms }) => whole(ms) },
  { name: 'REST calls', isNumber: true, value: ({ calls }) => calls, show: ({ calls }) => whole(calls) },
  {
    name: 'Outcome',
    value: outcomeOf,
    csv: ['Outcome', (request) => [outcomeOf(request), ...request.fields].join(' ')],
    show: ({ codes, fields }) =>
      codes.length === 0 ? (
        <span className="quiet">fine</span>
      ) : (
        <>
          {codes.map((code) => (
            <div key={code}>
              <code>{code}</code> <small className="quiet">{sayCode(code)}</small>
            </div>
          ))}
          {fields.length > 0 && <small className="quiet">{fields.join(', ')}</small>}
        </>
      ),
  },
];
