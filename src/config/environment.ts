import { VARIABLES, type Variable, type VariableValues } from './env-variables.ts';
import { isKeysFile } from './keys-file.ts';
import { readTextFile } from './text-file.ts';

/** A hundred of the longest keys. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every variable, and says what is wrong with those that cannot be read. An empty one counts as not set. */
export function readValues(environment: Environment): { values: VariableValues; problems: string[] } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { type, allowed, meant, secret }] of Object.entries<Variable>(VARIABLES)) {
    const text = secret ? readSecret(environment, name, problems) : environment[name];
    if (text === undefined || text === '') continue;
    const result = type.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${secret ? HIDDEN : show(text)} is not ${allowed}.${ask(meant?.(text))}`);
  }
  return { values, problems };
}

/**
 * Puts layers of settings on top of each other, the last on top. A secret that a layer gives in one form, itself or its
 * file, replaces both forms of it below.
 */
export function overlay(...layers: readonly Environment[]): Environment {
  const result: Record<string, string | undefined> = {};
  for (const layer of layers) {
    for (const [name, { secret }] of Object.entries<Variable>(VARIABLES)) {
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
  if (!file) return environment[name];
  if (environment[name]) {
    problems.push(`${name}_FILE: ${name} is set as well. Set one of the two.`);
    return undefined;
  }
  // It is read for what it says of each key.
  if (name === 'GATEWAY_KEYS' && isKeysFile(file)) return undefined;
  const say = (problem: string) => problems.push(`${name}_FILE: ${JSON.stringify(file)} ${problem}`);
  const read = readTextFile(file, MAX_SECRET_FILE_BYTES);
  if ('problem' in read) {
    say(`${read.problem}. Give the path of a readable file.`);
    return undefined;
  }
  const text = read.text.trim();
  if (text === '') say('is empty. Put the secret in it.');
  return text;
}

const HIDDEN = 'the given value (not shown)';

/** A value as given; what a URL may hold of a secret is hidden. */
function show(text: string): string {
  return JSON.stringify(text.replace(/(?<=^|\/\/)[^/]*(?=@)|(?<=[?#]).+/gs, '...'));
}

function ask(meant: string | undefined): string {
  return meant === undefined ? '' : ` Did you mean ${meant}?`;
}
