import { ROWS, type VariableValues } from './env-variables.ts';
import { cut, HIDDEN, show } from './kinds.ts';
import { readTextFile } from './text-file.ts';
import { readText, type TextKind } from './text-kinds.ts';
import { collect, named, Unusable } from './unusable.ts';

/** The largest file of a secret, in bytes: it holds a hundred of the longest keys. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable with a problem gets its default; an empty variable counts as not set. */
export function readValues(environment: Environment, problems: string[]): VariableValues {
  const values: Record<string, unknown> = {};
  for (const [name, row] of ROWS) {
    const byDefault = row.byDefault === undefined ? undefined : readText(row, row.byDefault);
    values[name] = collect(problems, () => readVariable(environment, name, row)) ?? byDefault;
  }
  // Each row has read its value, with the row's type.
  return values as VariableValues;
}

/** Undefined if it is not set. @throws Unusable, which never quotes a secret */
function readVariable(environment: Environment, name: string, kind: TextKind): unknown {
  const { secret } = kind;
  const file = secret && environment[`${name}_FILE`];
  // Secrets of Kubernetes often end with a line break. A value of line breaks alone stays, and is refused.
  const text = (secret ? environment[name]?.replace(/(?<=.)[\r\n]+$/, '') : environment[name]) ?? '';
  if (!file && text === '') return undefined;
  if (!file) return checked(text, kind, `${name}: `, secret ? HIDDEN : `${show(text)}:`);
  if (text !== '') throw new Unusable(`${name}_FILE: ${name} is set as well. Set one of the two.`);
  if (kind.isOtherFile?.(file)) return undefined;
  return named(`${name}_FILE: ${JSON.stringify(cut(file))}`, () => parseSecret(kind, readSecretFile(file)));
}

/** @throws Unusable */
export function readSecretFile(path: string): string {
  return readTextFile(path, MAX_SECRET_FILE_BYTES);
}

/** Parses the text of the file NAME_FILE. @throws Unusable */
export function parseSecret<Value>(kind: TextKind<Value>, text: string): Value {
  const content = kind.inFile ? kind.inFile(text) : text.trim();
  if (content === '') throw new Unusable('it is empty. Put the secret in it.');
  return checked(content, kind, '', 'its content');
}

/** `place` begins a problem, and `given` stands for the value in it. @throws Unusable */
function checked<Value>(text: string, kind: TextKind<Value>, place: string, given: string): Value {
  const value = readText(kind, text);
  if (value === undefined)
    throw new Unusable(`${place}${given} must be ${kind.allowedText ?? kind.allowed}.`);
  const problem = kind.problem?.(value as never);
  if (problem !== undefined) throw new Unusable(place + problem);
  return value;
}

/** Merges layers of settings; a later layer wins. A secret in either form, itself or its file, replaces both forms below. */
export function overlay(...layers: readonly Environment[]): Environment {
  const result: Record<string, string | undefined> = {};
  for (const layer of layers) {
    for (const [name, { secret }] of ROWS) {
      if (!secret || !(layer[name] || layer[`${name}_FILE`])) continue;
      delete result[name];
      delete result[`${name}_FILE`];
    }
    Object.assign(result, layer);
  }
  return result;
}
