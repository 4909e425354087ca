import { Unusable } from './unusable.ts';

/** The cells of a record, or the problem of the line, as a sentence. `line` counts from 1. */
type CsvRecord = { readonly line: number } & (
  | { readonly cells: readonly string[] }
  | { readonly problem: string }
);

const LINE_END = /\r\n|\n|\r/g;

/** Reads CSV as RFC 4180 defines it. Wrong quotes make only their own line a problem. Empty lines are left out. */
export function* readCsv(text: string, delimiter: string): Generator<CsvRecord, undefined> {
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const record = recordAt(text, at, delimiter);
    LINE_END.lastIndex = record?.end ?? at;
    const end = LINE_END.test(text) ? LINE_END.lastIndex : text.length;
    if (!record) yield { line, problem: WRONG_QUOTES };
    else if (record.cells.length > 1 || record.cells[0]?.trim() !== '') yield { line, cells: record.cells };
    line += text.slice(at, end).match(LINE_END)?.length ?? 0;
    at = end;
  }
}

const WRONG_QUOTES =
  'its quotes are wrong. A cell in quotes ends with " before the next delimiter or the end of the line; write "" for a quote inside.';

/** Undefined if a quote is not closed, or if text follows a closing quote. */
function recordAt(text: string, from: number, delimiter: string) {
  const cells: string[] = [];
  for (let at = from; ; at += 1) {
    const cell = text[at] === '"' ? quotedCellAt(text, at) : plainCellAt(text, at, delimiter);
    if (!cell) return undefined;
    cells.push(cell.text);
    at = cell.end;
    if (text[at] === delimiter) continue;
    return isLineEnd(text[at]) ? { cells, end: at } : undefined;
  }
}

function plainCellAt(text: string, from: number, delimiter: string) {
  let end = from;
  while (text[end] !== delimiter && !isLineEnd(text[end])) end += 1;
  return { text: text.slice(from, end), end };
}

function quotedCellAt(text: string, from: number) {
  let cell = '';
  for (let at = from + 1; ; at += 1) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return undefined;
    cell += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') return { text: cell, end: at };
    cell += '"';
  }
}

function isLineEnd(character: string | undefined): boolean {
  return character === undefined || character === '\n' || character === '\r';
}

/** The first of comma, semicolon and tab in the header; a comma if there is none. */
function delimiterOf(text: string): string {
  const header = /^.*/.exec(text.trimStart())?.[0] ?? '';
  return [',', ';', '\t'].find((found) => header.includes(found)) ?? ',';
}

interface Table {
  /** The line of the header. */
  readonly line: number;
  /** The names in the header, without spaces around them. Empty if the text is empty. */
  readonly columns: readonly string[];
  /** Each with as many cells as the header, or with a problem. */
  readonly rows: Iterable<CsvRecord>;
}

/** Reads CSV whose first line names the columns. @throws Unusable if the quotes of that line are wrong */
export function readTable(text: string): Table {
  const records = readCsv(text, delimiterOf(text));
  const { value: header = { line: 1, cells: [] } } = records.next();
  if ('problem' in header) throw new Unusable(`line ${header.line}: ${header.problem}`);
  const columns = header.cells.map((name) => name.trim());
  return { line: header.line, columns, rows: ofWidth(columns.length, records) };
}

function* ofWidth(width: number, records: Iterable<CsvRecord>): Generator<CsvRecord, undefined> {
  for (const record of records) {
    if ('problem' in record || record.cells.length === width) yield record;
    else
      yield {
        line: record.line,
        problem: `it has ${record.cells.length} cells, and the header has ${width}.`,
      };
  }
}
