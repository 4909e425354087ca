import { VARIABLES, type Variable } from './env-variables.ts';
import type { Environment } from './environment.ts';
import { VARIABLE_GROUPS } from './variable-groups.ts';

/** A variable as a flag of the command line: `PORT` is `--port`. A secret has none, but the file that holds it has. */
export interface Flag {
  readonly variable: string;
  readonly name: string;
  /** The title of its group. */
  readonly group: string | undefined;
  readonly meaning: string;
  readonly isSwitch: boolean;
  readonly isSecretFile: boolean;
  readonly byDefault: string | undefined;
}

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** Every variable of the gateway but those that belong to the whole machine, in the order of the table. */
export const FLAGS: readonly Flag[] = Object.entries<Variable>(VARIABLES)
  .filter(([variable]) => variable !== 'NODE_ENV')
  .flatMap(([name, { secret = false, ...variable }]) => {
    const group = VARIABLE_GROUPS.find(({ names }) => (names as readonly string[]).includes(name))?.title;
    const own = flagOf(name, { ...variable, group });
    if (!secret) return [own];
    const file = flagOf(`${name}_FILE`, {
      group,
      meaning: `the file that contains ${name}: ${variable.meaning}`,
      isSecretFile: secret === true,
    });
    return secret === 'in part' ? [own, file] : [file];
  });

type FlagFacts = Pick<Variable, 'meaning' | 'byDefault' | 'isSwitch'> &
  Pick<Flag, 'group'> & { readonly isSecretFile?: boolean };

function flagOf(variable: string, facts: FlagFacts): Flag {
  const { group, meaning, byDefault, isSwitch = false, isSecretFile = false } = facts;
  return { variable, name: flagName(variable), group, meaning, byDefault, isSwitch, isSecretFile };
}

/** What flags say, as an environment would say it. */
export function environmentOf(values: FlagValues): Environment {
  const pairs = FLAGS.map(({ name, variable }) => [variable, values[camelCase(name)]] as const);
  return Object.fromEntries(
    pairs.filter(([, value]) => value !== undefined).map(([variable, value]) => [variable, String(value)]),
  );
}

/** A problem with a variable that was given as a flag, in terms of the flag. */
export function inTermsOfFlags(problem: string, given: Environment): string {
  const flag = FLAGS.find(({ variable }) => variable in given && problem.startsWith(`${variable}:`));
  return flag ? `--${flag.name}${problem.slice(flag.variable.length)}` : problem;
}

function flagName(variable: string): string {
  return variable
    .replace(/^LUAAUTH_/, '')
    .toLowerCase()
    .replaceAll('_', '-');
}

/** The name of a flag's value among those of a command. */
export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
