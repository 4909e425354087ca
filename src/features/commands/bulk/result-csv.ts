import { isObject } from '../../../luaauth/envelope.ts';
import { csvLine } from './csv-line.ts';
import { replaceFile, resultsIn } from './result-file.ts';
import { messageOf } from './row-sender.ts';

/** Writes the results of the file `from` as CSV. Its columns are the members of the data, such as `editUser.user.note`. */
export function writeResultCsv(path: string, from: string): void {
  const columns = new Set<string>();
  for (const { data } of resultsIn(from)) for (const name of cellsOf(data).keys()) columns.add(name);
  replaceFile(path, (write) => {
    const writeLine = (cells: readonly unknown[]) => write(Buffer.from(`${csvLine(cells)}\n`));
    writeLine(['row', 'line', 'status', 'problem', ...columns]);
    for (const result of resultsIn(from)) {
      const { row, line, status, problem = messageOf(result), data } = result;
      const cells = cellsOf(data);
      writeLine([row, line, status, problem, ...[...columns].map((name) => cells.get(name))]);
    }
  });
}

/** A list stays a list: its cell is JSON. */
function cellsOf(data: unknown, name = '', cells = new Map<string, unknown>()): ReadonlyMap<string, unknown> {
  if (isObject(data))
    for (const [member, value] of Object.entries(data))
      cellsOf(value, name === '' ? member : `${name}.${member}`, cells);
  else if (data !== null && data !== undefined) cells.set(name, data);
  return cells;
}
