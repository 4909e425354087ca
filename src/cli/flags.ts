import { type Command, Option } from 'commander';
import { VARIABLES, type Variable } from '../config/env-variables.ts';
import type { Environment } from '../config/environment.ts';

/** A variable as a flag of the command line: `PORT` is `--port`. A secret has none, but the file that holds it has. */
export interface Flag {
  readonly variable: string;
  readonly name: string;
  readonly meaning: string;
  readonly isSwitch: boolean;
  readonly isSecretFile: boolean;
  readonly byDefault: string | undefined;
}

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** Every variable of the gateway but those that belong to the whole machine, in the order of the table. */
export const FLAGS: readonly Flag[] = Object.entries<Variable>(VARIABLES)
  .filter(([variable]) => variable !== 'NODE_ENV')
  .map(([name, { meaning, byDefault, secret = false, isSwitch = false }]) => {
    const variable = secret ? `${name}_FILE` : name;
    return {
      variable,
      name: flagName(variable),
      meaning: secret ? `the file that holds ${name}: ${meaning}` : meaning,
      byDefault,
      isSwitch,
      isSecretFile: secret,
    };
  });

/** Gives a command every flag. */
export function addFlags(command: Command): Command {
  for (const { name, variable, meaning, isSwitch, byDefault } of FLAGS) {
    const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
    command.option(`--${name} ${formOf(variable, isSwitch)}`, `${meaning} (${facts})`);
    if (isSwitch) command.addOption(new Option(`--no-${name}`).hideHelp());
  }
  return refuseSecrets(command);
}

/** Every user of a machine can read the arguments of its processes. */
function refuseSecrets(command: Command): Command {
  const secrets = FLAGS.filter(({ isSecretFile }) => isSecretFile).map(({ variable, name }) => ({
    variable: variable.replace(/_FILE$/, ''),
    name: name.replace(/-file$/, ''),
  }));
  for (const { name } of secrets) command.addOption(new Option(`--${name} [key]`).hideHelp());
  return command.hook('preAction', () => {
    const values: FlagValues = command.opts();
    for (const { variable, name } of secrets) {
      if (values[camelCase(name)] === undefined) continue;
      command.error(
        `error: --${name} would show the key to all who can list processes. Give --${name}-file, or set ${variable}.`,
      );
    }
  });
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

function formOf(variable: string, isSwitch: boolean): string {
  if (isSwitch) return '[true|false]';
  const [, kind] = /_(MS|URL|FILE)$/.exec(variable) ?? [];
  return kind ? `<${kind.toLowerCase()}>` : '<value>';
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
