import { createHash } from 'node:crypto';
import { stringifyExactJson } from '../../../../base/json.ts';
import { readTable } from '../../../../config/csv.ts';
import { Unusable } from '../../../../config/unusable.ts';
import { isObject } from '../../../../luaauth/envelope.ts';
import { parseInputJson } from '../input-text.ts';
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

/** A row of the input. `problem` says why it cannot be sent, as a sentence. */
export type Row = ReadableRow | (RowPlace & { readonly problem: string });

/** A line before it is compared with the operation. */
type Found = { readonly line: number } & ({ readonly given: Members } | { readonly problem: string });

interface Rows {
  readonly rows: readonly Row[];
  /** Names of columns or members that are no variable. */
  readonly unused: readonly string[];
}

/** Reads rows of CSV with a header, or of JSONL. @throws Unusable if the header cannot be used */
export function readRows(text: string, operation: RowOperation, constants: Members): Rows {
  const isJson = text.trimStart().startsWith('{');
  const lines = isJson ? readJsonLines(text) : readCells(text, operation, constants);
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
    if (before) return { ...place, problem: `it is the same write as line ${before}.` };
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
    if (json.trim() !== '') yield find(index + 1, () => objectIn(json));
}

function find(line: number, read: () => Members): Found {
  try {
    return { line, given: read() };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return { line, problem: error.message };
  }
}

/** @throws Unusable */
function objectIn(text: string): Members {
  let given: unknown;
  try {
    given = parseInputJson(text);
  } catch (error) {
    throw error instanceof Unusable ? error : new Unusable('it is not JSON. Write one object per line.');
  }
  if (!isObject(given)) throw new Unusable('it is not an object of JSON. Write one object per line.');
  return given;
}

function* readCells(text: string, operation: RowOperation, constants: Members): Generator<Found> {
  const { line, columns, rows } = readTable(text);
  if (columns.length === 0) return;
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw new Unusable(`line ${line}: the column ${JSON.stringify(twice)} occurs twice.`);
  const missing = missingIn([...columns, ...Object.keys(constants)], operation);
  if (missing !== undefined)
    throw new Unusable(
      `line ${line}: no column is named like the variable $${missing}, which the operation requires. The columns are ${columns.map((name) => JSON.stringify(name)).join(', ')}.`,
    );
  for (const row of rows)
    yield 'problem' in row ? row : find(row.line, () => givenBy(row.cells, columns, operation));
}

function missingIn(names: readonly string[], { variables }: RowOperation): string | undefined {
  return [...variables].find(([name, { isRequired }]) => isRequired && !names.includes(name))?.[0];
}

/** @throws Unusable */
function givenBy(cells: readonly string[], columns: readonly string[], { variables }: RowOperation): Members {
  const given: [name: string, value: unknown][] = [];
  for (const [index, name] of columns.entries()) {
    const cell = cells[index] ?? '';
    const variable = variables.get(name);
    // An empty cell gives no value, so the variable keeps its default.
    if (cell !== '') given.push([name, variable ? cellValue(cell, name, variable) : cell]);
  }
  return Object.fromEntries(given);
}

const TEXTS: readonly unknown[] = ['ID', 'String', 'DateTime'];

/**
 * Converts the text of a cell to a value of its variable: the text itself, JSON, or the word of an enum. Whether the value fits its
 * type is for the gateway to say. @throws Unusable
 */
function cellValue(cell: string, column: string, { typeName }: RowVariable): unknown {
  if (TEXTS.includes(typeName)) return cell;
  try {
    // Spreadsheets write TRUE.
    return parseInputJson(typeName === 'Boolean' ? cell.toLowerCase() : cell);
  } catch (error) {
    if (error instanceof Unusable)
      throw new Unusable(`the column ${JSON.stringify(column)}: ${error.message}`);
    // GraphQL would take a word for a list with one item.
    const isWord = typeName !== undefined && !/^\s*[[{"]/.test(cell);
    if (isWord) return cell;
    throw new Unusable(`the column ${JSON.stringify(column)} must be JSON.`);
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
    : `it has no ${JSON.stringify(missing)}, which the operation requires.`;
}
