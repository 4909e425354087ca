import { type ReactNode, useState } from 'react';
import { saveCsv } from './csv.ts';
import { whole } from './format.ts';

export interface Column<Row> {
  readonly name: string;
  readonly isNumber?: boolean;
  /** The rows sort by it. */
  readonly value: (row: Row) => string | number;
  /** Name and value in the CSV file, if they are others. */
  readonly csv?: readonly [name: string, value: (row: Row) => string | number];
  /** How the page shows it. Absent: the value. */
  readonly show?: (row: Row) => ReactNode;
}

interface Choice<Row> {
  readonly ids: ReadonlySet<string>;
  readonly most: number;
  readonly labelOf: (row: Row) => string;
  readonly isDisabled: (row: Row) => boolean;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

interface TableProps<Row> {
  /** Names the CSV file. */
  readonly name: string;
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  readonly className?: string;
  readonly classOf?: (row: Row) => string | undefined;
  readonly choice?: Choice<Row>;
  readonly actions?: (row: Row) => ReactNode;
  /** The number of rows that are shown at first. Absent: all. */
  readonly page?: number;
}

interface Order {
  readonly column: string;
  readonly isDown: boolean;
}

/** A table that sorts by its columns and saves its rows as CSV: all of them, in the order of the page. */
export function Table<Row>(props: TableProps<Row>) {
  const { rows, idOf, columns, choice, actions, page = Number.POSITIVE_INFINITY } = props;
  const [order, setOrder] = useState<Order>();
  const [shownCount, setShownCount] = useState(page);
  const sorted = sort(rows, columns, order);
  const save = () =>
    saveCsv(props.name, [
      columns.map(({ name, csv }) => csv?.[0] ?? name),
      ...sorted.map((row) => columns.map(({ value, csv }) => (csv?.[1] ?? value)(row))),
    ]);
  return (
    <>
      <table className={`stacked ${props.className ?? ''}`}>
        <thead>
          <tr>
            {choice && (
              <th>
                <ChooseAll rows={sorted} idOf={idOf} choice={choice} />
              </th>
            )}
            {columns.map((column) => (
              <Header key={column.name} column={column} order={order} onOrder={setOrder} />
            ))}
            {actions && (
              <th>
                <span className="hidden-text">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, shownCount).map((row) => (
            <tr key={idOf(row)} className={props.classOf?.(row)}>
              {choice && (
                <td>
                  <ChooseOne row={row} id={idOf(row)} choice={choice} />
                </td>
              )}
              {columns.map(({ name, isNumber, value, show }, index) => (
                <td
                  key={name}
                  data-label={index > 0 ? name : undefined}
                  className={isNumber ? 'number' : undefined}
                >
                  {show ? show(row) : value(row)}
                </td>
              ))}
              {actions && <td className="actions">{actions(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      <div className="line">
        {sorted.length > shownCount && (
          <button type="button" className="plain" onClick={() => setShownCount(shownCount + 4 * page)}>
            Show more of {whole(sorted.length)}
          </button>
        )}
        <button type="button" className="plain" onClick={save}>
          Export CSV
        </button>
      </div>
    </>
  );
}

// Ids are digits or text.
const { compare } = new Intl.Collator('en', { numeric: true });

function sort<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | undefined) {
  const column = columns.find(({ name }) => name === order?.column);
  if (!order || !column) return rows;
  const sign = order.isDown ? -1 : 1;
  return rows.toSorted((a, b) => sign * compareValues(column.value(a), column.value(b)));
}

const compareValues = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b));

interface HeaderProps<Row> {
  readonly column: Column<Row>;
  readonly order: Order | undefined;
  readonly onOrder: (order: Order) => void;
}

function Header<Row>({ column: { name, isNumber }, order, onOrder }: HeaderProps<Row>) {
  const isSorted = order?.column === name;
  const isDown = isSorted && order.isDown;
  return (
    <th
      className={isNumber ? 'number' : undefined}
      aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        className="sort"
        // The largest numbers are looked for first.
        onClick={() => onOrder({ column: name, isDown: isSorted ? !isDown : isNumber === true })}
      >
        {name}
        <span aria-hidden="true">{isSorted ? (isDown ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>
  );
}

interface ChooseAllProps<Row> {
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  readonly choice: Choice<Row>;
}

function ChooseAll<Row>({ rows, idOf, choice }: ChooseAllProps<Row>) {
  const ids = rows
    .filter((row) => !choice.isDisabled(row))
    .slice(0, choice.most)
    .map(idOf);
  const chosenCount = ids.filter((id) => choice.ids.has(id)).length;
  const isAll = ids.length > 0 && chosenCount === ids.length;
  return (
    <input
      ref={(input) => {
        if (input) input.indeterminate = chosenCount > 0 && !isAll;
      }}
      type="checkbox"
      aria-label={rows.length > choice.most ? `Choose the first ${choice.most}` : 'Choose all'}
      title={rows.length > choice.most ? `Choose the first ${choice.most}` : 'Choose all'}
      checked={isAll}
      onChange={() => choice.onChange(new Set(isAll ? [] : ids))}
    />
  );
}

interface ChooseOneProps<Row> {
  readonly row: Row;
  readonly id: string;
  readonly choice: Choice<Row>;
}

function ChooseOne<Row>({ row, id, choice }: ChooseOneProps<Row>) {
  const toggle = (isChosen: boolean) => {
    const next = new Set(choice.ids);
    if (isChosen && next.size < choice.most) next.add(id);
    else next.delete(id);
    choice.onChange(next);
  };
  return (
    <input
      type="checkbox"
      disabled={choice.isDisabled(row)}
      aria-label={choice.labelOf(row)}
      checked={choice.ids.has(id)}
      onChange={({ target }) => toggle(target.checked)}
    />
  );
}
