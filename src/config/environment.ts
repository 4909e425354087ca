import { readFileSync } from 'node:fs';
import { VARIABLES, type Variable, type VariableValues } from './env-variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every variable, and says what is wrong with those that cannot be read. An empty one counts as not set. */
export function readValues(environment: Environment): { values: VariableValues; problems: string[] } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { type, allowed, secret }] of Object.entries<Variable>(VARIABLES)) {
    const text = secret ? readSecret(environment, name, problems) : environment[name];
    if (text === undefined || text === '') continue;
    const result = type.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${secret ? 'the given value (not shown)' : show(text)} is not ${allowed}.`);
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
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') problems.push(`${name}_FILE: ${JSON.stringify(file)} is empty. Put the secret in it.`);
    return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push(
      `${name}_FILE: ${JSON.stringify(file)} cannot be read (${code}). Give the path of a readable file.`,
    );
    return undefined;
  }
}

/** A value as given; what a URL may hold of a secret is hidden. */
function show(text: string): string {
  return JSON.stringify(text.replace(/(?<=\/\/)[^/]*(?=@)|(?<=[?#]).+/gs, '...'));
}
