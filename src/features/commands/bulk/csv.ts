import { stringifyExactJson } from '../../../transport/json.ts';
import type { InputLine } from './input-lines.ts';

/** The cells of a record, or the problem of the lines that begin here. */
type CsvRecord = { readonly line: number; readonly endByte: number } & (
  | { readonly cells: readonly string[] }
  | { readonly problem: string }
);

/** A record with more lines has an unclosed quote. */
const MAX_RECORD_LINES = 1_000;

/** RFC 4180. An unclosed quote costs one record, not the rest of the file: reading continues with the next line. */
export async function* readCsv(
  lines: AsyncIterator<InputLine>,
  delimiter: string,
  maxRecordBytes: number,
): AsyncGenerator<CsvRecord> {
  const again: InputLine[] = [];
  const next = async () => again.shift() ?? ((await lines.next()).value as InputLine | undefined);
  for (;;) {
    const first = await next();
    if (first === undefined) return;
    if ('problem' in first || first.text.trim() === '') {
      if ('problem' in first) yield first;
      continue;
    }
    let { text } = first;
    let last = first;
    let cells = cellsOf(text, delimiter);
    const taken: InputLine[] = [];
    while (cells === 'open' && taken.length < MAX_RECORD_LINES && text.length < maxRecordBytes) {
      const more = await next();
      if (more === undefined) break;
      taken.push(more);
      if ('problem' in more) break;
      last = more;
      text += `\n${more.text}`;
      // A line without a quote closes none.
      if (more.text.includes('"')) cells = cellsOf(text, delimiter);
    }
    if (typeof cells !== 'string') {
      yield { line: first.line, endByte: last.endByte, cells };
      continue;
    }
    again.unshift(...taken);
    yield {
      line: first.line,
      endByte: first.endByte,
      problem: `a quote is not closed. End a cell in quotes with " before the next ${JSON.stringify(delimiter)} or the end of the line, and write "" for a quote inside`,
    };
  }
}

/** Splits a record into cells. `open`: a quote is not closed. `broken`: text follows a closing quote. */
function cellsOf(text: string, delimiter: string): readonly string[] | 'open' | 'broken' {
  const end = text.endsWith('\r') ? text.length - 1 : text.length;
  const cells: string[] = [];
  for (let at = 0; ; at++) {
    if (text[at] === '"') {
      let cell = '';
      for (let from = at + 1; ; ) {
        const quote = text.indexOf('"', from);
        if (quote < 0) return 'open';
        const isEscapedQuote = text[quote + 1] === '"';
        cell += text.slice(from, isEscapedQuote ? quote + 1 : quote);
        from = quote + 2;
        at = quote + 1;
        if (!isEscapedQuote) break;
      }
      cells.push(cell);
    } else {
      const found = text.indexOf(delimiter, at);
      const cellEnd = found < 0 ? end : found;
      cells.push(text.slice(at, cellEnd));
      at = cellEnd;
    }
    if (at >= end) return cells;
    if (text[at] !== delimiter) return 'broken';
  }
}

/** Spreadsheets run a cell that begins with one of these characters as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** An apostrophe keeps spreadsheets from running a text as a formula. */
export function csvLine(cells: readonly unknown[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? stringifyExactJson(value) : String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
