import { createHash } from 'node:crypto';
import { isObject } from '../../../luaauth/envelope.ts';
import { stringifyExactJson } from '../../../transport/json.ts';
import { parseInputJson, UnusableInput } from '../input-text.ts';
import { readCsv } from './csv.ts';
import { type InputLine, readLines } from './input-lines.ts';
import type { RowOperation, RowVariable } from './row-operation.ts';

interface RowPlace {
  /** Counted from 1, without the header. */
  readonly row: number;
  readonly line: number;
  /** The number of bytes up to the end of the row. */
  readonly endByte: number;
}

export interface ReadableRow extends RowPlace {
  /** The values of the variables. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly digest: string;
}

/** A row of the input. `problem` says why it cannot be sent. */
export type Row = ReadableRow | (RowPlace & { readonly problem: string });

/** No row can be used. The message says why. */
export class UnusableRows extends Error {}

const MAX_ROW_BYTES = 1024 * 1024;

type Values = Readonly<Record<string, unknown>>;
type Found = { readonly line: number; readonly endByte: number } & (
  | { readonly given: Values }
  | { readonly problem: string }
);

/**
 * Reads rows of CSV with a header, or of JSONL; the first line decides. Calls `onUnused` once for each column that is not a
 * variable.
 * @throws UnusableRows if the header cannot be used
 */
export async function* readRows(
  chunks: AsyncIterable<Buffer>,
  operation: RowOperation,
  constants: Values,
  onUnused: (columns: readonly string[]) => void,
): AsyncGenerator<Row, undefined> {
  const lines = readLines(chunks, MAX_ROW_BYTES);
  const first = await firstLine(lines);
  if (first === undefined) return;
  const all = startingWith(first, lines);
  const isJson = 'text' in first && first.text.trimStart().startsWith('{');
  const unused = new Set<string>();
  const seen = new Map<string, number>();
  let row = 0;
  for await (const found of isJson ? readJson(all) : readTable(all, operation, constants)) {
    row += 1;
    const { line, endByte } = found;
    const at = { row, line, endByte };
    if ('problem' in found) {
      yield { ...at, problem: found.problem };
      continue;
    }
    const others = Object.keys(found.given).filter((name) => !operation.variables.has(name));
    const news = others.filter((name) => !unused.has(name));
    if (news.length > 0) onUnused(news);
    for (const name of news) unused.add(name);
    const values = valuesOf(found.given, operation, constants);
    if (typeof values === 'string') {
      yield { ...at, problem: values };
      continue;
    }
    const digest = digestOf(stringifyExactJson(values));
    if (operation.isMutation) {
      const identity = digestOf(operation.identityOf(values));
      const before = seen.get(identity);
      if (before !== undefined) {
        yield { ...at, problem: `it changes the same object as line ${before}, so it was not sent` };
        continue;
      }
      seen.set(identity, line);
    }
    yield { ...at, values, digest };
  }
}

/** Short, because a journal has many. A digest, because rows contain licence keys. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

async function firstLine(lines: AsyncIterator<InputLine>): Promise<InputLine | undefined> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return undefined;
    if ('problem' in value || value.text.trim() !== '') return value;
  }
}

async function* startingWith(first: InputLine, lines: AsyncIterable<InputLine>): AsyncGenerator<InputLine> {
  yield first;
  yield* lines;
}

async function* readJson(lines: AsyncIterable<InputLine>): AsyncGenerator<Found> {
  for await (const line of lines) {
    if ('problem' in line) yield line;
    else if (line.text.trim() !== '') yield { line: line.line, endByte: line.endByte, ...jsonOf(line.text) };
  }
}

function jsonOf(text: string): { readonly given: Values } | { readonly problem: string } {
  let given: unknown;
  try {
    given = parseInputJson(text);
  } catch (error) {
    if (error instanceof UnusableInput) return { problem: error.message };
    return { problem: 'it is not JSON. Write one object per line' };
  }
  if (!isObject(given)) return { problem: 'it is not an object of JSON. Write one object per line' };
  if (memberCount(text) > Object.keys(given).length)
    return { problem: 'it has a member twice. Leave out one of them' };
  return { given };
}

/** The number of members in the text. JSON.parse keeps only the last of two equal names. */
function memberCount(text: string): number {
  let depth = 0;
  let count = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) count += 1;
  }
  return count;
}

async function* readTable(
  lines: AsyncGenerator<InputLine>,
  operation: RowOperation,
  constants: Values,
): AsyncGenerator<Found> {
  const { value: header } = await lines.next();
  if (!header || 'problem' in header)
    throw new UnusableRows(`line ${header?.line}: ${header?.problem}. The first line must be the header.`);
  // All rows would be one line, which is the header.
  if (/\r(?!$)/.test(header.text))
    throw new UnusableRows(
      `line ${header.line}: it has carriage returns, but lines end with line feeds. Save the file as CSV with Unix or Windows line ends.`,
    );
  const delimiter = [',', ';', '\t'].find((one) => header.text.includes(one)) ?? ',';
  const records = readCsv(startingWith(header, lines), delimiter, MAX_ROW_BYTES);
  const { value: names } = await records.next();
  if (!names || 'problem' in names) throw new UnusableRows(`line ${header.line}: ${names?.problem}.`);
  const columns: readonly string[] = names.cells.map((name: string) => name.trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UnusableRows(
      `line ${header.line}: the column ${JSON.stringify(twice)} occurs twice. Leave out one of them.`,
    );
  const missing = missingIn([...columns, ...Object.keys(constants)], operation);
  if (missing !== undefined)
    throw new UnusableRows(
      `line ${header.line}: no column is named like the variable $${missing}, which the operation requires. The columns are ${columns.map((name) => JSON.stringify(name)).join(', ')}.`,
    );
  for await (const record of records) {
    const { line, endByte } = record;
    yield 'problem' in record ? record : { line, endByte, ...givenBy(record.cells, columns, operation) };
  }
}

function missingIn(names: readonly string[], { variables }: RowOperation): string | undefined {
  return [...variables].find(([name, { isRequired }]) => isRequired && !names.includes(name))?.[0];
}

function givenBy(
  cells: readonly string[],
  columns: readonly string[],
  { variables }: RowOperation,
): { readonly given: Values } | { readonly problem: string } {
  if (cells.length !== columns.length)
    return { problem: `it has ${cells.length} columns, and the header has ${columns.length}` };
  const given: [name: string, value: unknown][] = [];
  for (const [index, name] of columns.entries()) {
    const cell = cells[index] ?? '';
    // An empty cell gives no value, so the variable keeps its default.
    if (cell === '') continue;
    const variable = variables.get(name);
    const value = variable ? cellValue(cell, variable) : cell;
    if (value instanceof WrongCell)
      return { problem: `the column ${JSON.stringify(name)} must be ${value.message}` };
    given.push([name, value]);
  }
  return { given: Object.fromEntries(given) };
}

class WrongCell extends Error {}

const TEXTS: readonly unknown[] = ['ID', 'String', 'DateTime'];
const NUMBERS: readonly unknown[] = ['Int', 'Float', 'SafeInt'];

/** Converts the text of a cell to the variable's type. */
function cellValue(cell: string, { typeName }: RowVariable): unknown {
  if (TEXTS.includes(typeName)) return cell;
  if (NUMBERS.includes(typeName))
    return /^-?\d{1,300}(?:\.\d+)?$/.test(cell.trim()) ? Number(cell) : new WrongCell('a number');
  if (typeName === 'Boolean') {
    const word = cell.trim().toLowerCase();
    return word === 'true' || word === 'false' ? word === 'true' : new WrongCell('true or false');
  }
  // JSON, an input object or a list; or an enum, which is a word.
  try {
    return parseInputJson(cell);
  } catch (error) {
    if (error instanceof UnusableInput) return new WrongCell(`JSON, but ${error.message}`);
    const isWord = typeName !== undefined && !/^\s*[[{]/.test(cell);
    return isWord ? cell : new WrongCell('JSON');
  }
}

function valuesOf(given: Values, operation: RowOperation, constants: Values): Values | string {
  const own = Object.entries(given).filter(([name]) => operation.variables.has(name));
  const values: Values = { ...constants, ...Object.fromEntries(own) };
  const missing = missingIn(
    Object.keys(values).filter((name) => values[name] !== null),
    operation,
  );
  return missing === undefined
    ? values
    : `it has no ${JSON.stringify(missing)}, which the operation requires`;
}
