import { ROWS, type Variable, type VariableValues } from './env-variables.ts';
import { isKeysFile } from './keys-file.ts';
import { ask, cut, HIDDEN, show } from './kinds.ts';
import { readTextFile } from './text-file.ts';
import { readText, type TextKind, wordsFor } from './text-kinds.ts';

/** Enough for a hundred of the longest keys. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable with a problem gets its default; an empty variable counts as not set. */
export function readValues(environment: Environment): { values: VariableValues; problems: string[] } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, row] of ROWS) {
    const { secret } = row;
    const text = secret ? readSecret(environment, name, problems) : environment[name];
    if (text === undefined || text === '') continue;
    const file = secret && environment[`${name}_FILE`];
    const value = readText(row, text);
    const described = value === undefined ? undefined : row.problem?.(value as never, values);
    if (described !== undefined) {
      problems.push(`${file ? `${name}_FILE: ${JSON.stringify(cut(file))}` : name}: ${described}`);
    } else if (value === undefined) {
      const given = file
        ? `${name}_FILE: ${JSON.stringify(cut(file))}: its content`
        : `${name}: ${secret ? HIDDEN : `${show(text)}:`}`;
      problems.push(`${given} must be ${wordsFor(row)}.${ask(row.meant?.(text))}`);
    } else values[name] = value;
  }
  // Defaults that follow from other variables come last.
  for (const isDerived of [false, true]) {
    for (const [name, row] of ROWS) {
      if (name in values || (typeof row.byDefault === 'function') !== isDerived) continue;
      values[name] = readDefault(name, row, values);
    }
  }
  // Each row has read its value, with the row's type.
  return { values: values as VariableValues, problems };
}

/** Undefined without such a file. The function throws an Error without the secret in its message. */
export function fileReader<Value>(
  environment: Environment,
  name: string,
  kind: TextKind<Value>,
): (() => Value) | undefined {
  const file = environment[`${name}_FILE`];
  if (!file) return undefined;
  return () => {
    const problems: string[] = [];
    const now = readText(kind, readSecret(environment, name, problems) ?? '');
    if (now !== undefined) return now;
    throw new Error(
      problems[0] ?? `${name}_FILE: ${JSON.stringify(cut(file))}: its content must be ${wordsFor(kind)}`,
    );
  };
}

/** The default of a variable as text. If it follows from other variables, the default when none of them is set. */
export function defaultText({ byDefault }: Variable): string | undefined {
  return typeof byDefault === 'function' ? byDefault(readValues({}).values as never) : byDefault;
}

/** Reads the default of a row. @throws Error if the default is none of the row's allowed values */
export function readDefault(name: string, row: Variable, others: object): unknown {
  const { byDefault } = row;
  // A row declares the variables that its default reads, with their types.
  const text = typeof byDefault === 'function' ? byDefault(others as never) : byDefault;
  if (text === undefined) return undefined;
  const value = readText(row, text);
  if (value !== undefined) return value;
  throw new Error(
    `src/config/env-variables.ts: byDefault of ${name}: ${show(text)}: must be ${wordsFor(row)}.`,
  );
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

function readSecret(environment: Environment, name: string, problems: string[]): string | undefined {
  const file = environment[`${name}_FILE`];
  // Secrets of Kubernetes often end with a line break. A value of line breaks alone stays, and is refused.
  if (!file) return environment[name]?.replace(/(?<=.)[\r\n]+$/, '');
  if (environment[name]) {
    problems.push(`${name}_FILE: ${name} is set as well. Set one of the two.`);
    return undefined;
  }
  // A .json file of keys is read elsewhere, with its permissions.
  if (name === 'GATEWAY_KEYS' && isKeysFile(file)) return undefined;
  const say = (problem: string) => problems.push(`${name}_FILE: ${JSON.stringify(cut(file))} ${problem}`);
  const read = readTextFile(file, MAX_SECRET_FILE_BYTES);
  if ('problem' in read) {
    say(`${read.problem}. Give the path of a readable file.`);
    return undefined;
  }
  const isKeyList = name === 'GATEWAY_KEYS';
  const text = isKeyList ? withoutComments(read.text) : read.text.trim();
  if (isKeyList && /^[[{]/.test(text)) {
    say('holds JSON, but by its name it is a plain list of keys. Give it a name that ends in .json.');
    return undefined;
  }
  if (text === '')
    say(
      isKeyList
        ? 'holds no key. Put a key in each line; "luaauth-graphql keys new" makes one.'
        : 'is empty. Put the secret in it.',
    );
  return text;
}

/** The lines of a list without comments and empty lines. A comment is a line of its own, or follows a space. */
function withoutComments(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#.*/, '').trim());
  return lines.filter((line) => line !== '').join('\n');
}
