type Value = string | number;

/** Spreadsheets run cells that begin like this as formulas. Names in a table may be written by others. */
const FORMULA = /^[=+\-@\t\r]/;

function cellOf(value: Value): string {
  // A number cannot be a formula, even below zero.
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV text as of RFC 4180. */
export const toCsv = (rows: readonly (readonly Value[])[]): string =>
  rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');

/** Saves a CSV file. The mark at its start tells Excel that it is UTF-8. */
export function saveCsv(name: string, rows: readonly (readonly Value[])[]): void {
  const url = URL.createObjectURL(new Blob(['\uFEFF', toCsv(rows)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  // The browser has the file by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
