import { writeFileSync } from 'node:fs';
import { stringifyExactJson } from '../../../../base/json.ts';
import { isObject } from '../../../../luaauth/envelope.ts';
import { replaceFile } from '../../replace-file.ts';
import { resultsIn } from './result-file.ts';
import { messageOf } from './row-sender.ts';

/** Writes the results of the file `from` as CSV. Its columns are the members of the data, such as `editUser.user.note`. */
export async function writeResultCsv(path: string, from: string): Promise<void> {
  const columns = new Set<string>();
  for (const { data } of resultsIn(from)) for (const name of cellsOf(data).keys()) columns.add(name);
  await replaceFile(path, 'w', (file) => {
    const writeLine = (cells: readonly unknown[]) => writeFileSync(file, `${csvLine(cells)}\n`);
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

export function csvLine(cells: readonly unknown[]): string {
  return cells.map(csvCell).join(',');
}

/** Spreadsheets run a cell that begins with one of these characters as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? stringifyExactJson(value) : String(value);
  // An apostrophe keeps spreadsheets from running a text.
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
