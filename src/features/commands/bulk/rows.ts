import { createHash } from 'node:crypto';
import { delimiterOf, readCsv } from '../../../config/csv.ts';
import { anyText, decimal, onOff, readText, type TextKind } from '../../../config/text-kinds.ts';
import { isObject } from '../../../luaauth/envelope.ts';
import { stringifyExactJson } from '../../../transport/json.ts';
import { parseInputJson, UnusableInput } from '../input-text.ts';
import type { Members } from '../own-gateway.ts';
import type { RowOperation, RowVariable } from './row-operation.ts';

interface RowPlace {
  /** Counted from 1, without the header. */
  readonly row: number;
  readonly line: number;
}

export interface ReadableRow extends RowPlace {
  /** The values of the variables. */
  readonly values: Members;
  /** Identifies operation and values without showing them: rows contain licence keys. */
  readonly digest: string;
}

/** A row of the input. `problem` says why it cannot be sent. */
export type Row = ReadableRow | (RowPlace & { readonly problem: string });

/** A line before it is compared with the operation. */
type Found = { readonly line: number } & ({ readonly given: Members } | { readonly problem: string });

interface Rows {
  readonly rows: readonly Row[];
  /** Names of columns or members that are no variable. */
  readonly unused: readonly string[];
}

/** Reads rows of CSV with a header, or of JSONL. @throws UnusableInput if the header cannot be used */
export function readRows(text: string, operation: RowOperation, constants: Members): Rows {
  const isJson = text.trimStart().startsWith('{');
  const lines = isJson ? readJsonLines(text) : readTable(text, operation, constants);
  const unused = new Set<string>();
  const lineOf = new Map<string, number>();
  const rows = [...lines].map((found, index): Row => {
    const { line } = found;
    const place = { row: index + 1, line };
    const values = 'problem' in found ? found.problem : valuesOf(found.given, operation, constants);
    if ('given' in found)
      for (const name of Object.keys(found.given)) if (!operation.variables.has(name)) unused.add(name);
    if (typeof values === 'string') return { ...place, problem: values };
    const digest = digestOf(operation, values);
    const before = operation.mutation && lineOf.get(digest);
    if (before) return { ...place, problem: `it is the same write as line ${before}` };
    lineOf.set(digest, line);
    return { ...place, values, digest };
  });
  return { rows, unused: [...unused] };
}

function digestOf({ document, name = '' }: RowOperation, values: Members): string {
  const all = stringifyExactJson([document, name, values]);
  return createHash('sha256').update(all).digest('base64url').slice(0, 22);
}

function* readJsonLines(text: string): Generator<Found> {
  for (const [index, json] of text.split('\n').entries())
    if (json.trim() !== '') yield { line: index + 1, ...jsonOf(json) };
}

function jsonOf(text: string): { readonly given: Members } | { readonly problem: string } {
  try {
    const given = parseInputJson(text);
    return isObject(given)
      ? { given }
      : { problem: 'it is not an object of JSON. Write one object per line' };
  } catch (error) {
    if (error instanceof UnusableInput) return { problem: error.message };
    return { problem: 'it is not JSON. Write one object per line' };
  }
}

function* readTable(text: string, operation: RowOperation, constants: Members): Generator<Found> {
  const records = readCsv(text, delimiterOf(text));
  const { value: first } = records.next();
  if (!first) return;
  const { line } = first;
  if ('problem' in first) throw new UnusableInput(`line ${line}, the header: ${first.problem}`);
  const columns = first.cells.map((name) => name.trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UnusableInput(`line ${line}: the column ${JSON.stringify(twice)} occurs twice`);
  const missing = missingIn([...columns, ...Object.keys(constants)], operation);
  if (missing !== undefined)
    throw new UnusableInput(
      `line ${line}: no column is named like the variable $${missing}, which the operation requires. The columns are ${columns.map((name) => JSON.stringify(name)).join(', ')}`,
    );
  for (const record of records)
    yield 'problem' in record ? record : { line: record.line, ...givenBy(record.cells, columns, operation) };
}

function missingIn(names: readonly string[], { variables }: RowOperation): string | undefined {
  return [...variables].find(([name, { isRequired }]) => isRequired && !names.includes(name))?.[0];
}

function givenBy(
  cells: readonly string[],
  columns: readonly string[],
  { variables }: RowOperation,
): { readonly given: Members } | { readonly problem: string } {
  if (cells.length !== columns.length)
    return { problem: `it has ${cells.length} columns, and the header has ${columns.length}` };
  const given: [name: string, value: unknown][] = [];
  for (const [index, name] of columns.entries()) {
    const cell = cells[index] ?? '';
    // An empty cell gives no value, so the variable keeps its default.
    if (cell === '') continue;
    const variable = variables.get(name);
    const value = variable ? cellValue(cell, variable) : cell;
    if (value instanceof UnusableInput)
      return { problem: `the column ${JSON.stringify(name)} must be ${value.message}` };
    given.push([name, value]);
  }
  return { given: Object.fromEntries(given) };
}

/** The kinds of cells, by the type of their variable. */
const KINDS: ReadonlyMap<string | undefined, TextKind> = new Map<string, TextKind>([
  ...['ID', 'String', 'DateTime'].map((type) => [type, anyText] as const),
  ...['Int', 'Float', 'SafeInt'].map((type) => [type, decimal] as const),
  ['Boolean', onOff],
]);

/** Converts the text of a cell to the variable's type. */
function cellValue(cell: string, { typeName }: RowVariable): unknown {
  const kind = KINDS.get(typeName);
  if (kind === anyText) return cell;
  if (kind) return readText(kind, cell.trim().toLowerCase()) ?? new UnusableInput(kind.allowed);
  // JSON, an input object or a list; or an enum, which is a word.
  try {
    return parseInputJson(cell);
  } catch (error) {
    if (error instanceof UnusableInput) return new UnusableInput(`JSON, but ${error.message}`);
    const isWord = typeName !== undefined && !/^\s*[[{]/.test(cell);
    return isWord ? cell : new UnusableInput('JSON');
  }
}

/** Returns a text if a required value is missing. */
function valuesOf(given: Members, operation: RowOperation, constants: Members): Members | string {
  const own = Object.entries(given).filter(([name]) => operation.variables.has(name));
  const values: Members = { ...constants, ...Object.fromEntries(own) };
  const missing = missingIn(
    Object.keys(values).filter((name) => values[name] !== null),
    operation,
  );
  return missing === undefined
    ? values
    : `it has no ${JSON.stringify(missing)}, which the operation requires`;
}
