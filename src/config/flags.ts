import { VARIABLE_GROUPS, type Variable } from './env-variables.ts';
import type { Environment } from './environment.ts';

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** In the order of help, without `NODE_ENV` of the whole machine. A secret has no flag, but its file has. */
export const FLAGS = VARIABLE_GROUPS.flatMap(({ title, variables }) =>
  variables
    .filter(([name]) => name !== 'NODE_ENV')
    .flatMap(([name, variable]) => flagsOf(title, name, variable)),
);

function flagsOf(group: string, name: string, variable: Variable) {
  const { meaning, form = 'value', isSwitch = false, secret = false } = variable;
  const own = {
    variable: name,
    name: flagName(name),
    group,
    meaning,
    /** The form of its value for help. */
    form: isSwitch ? '' : ` <${form}>`,
    isSwitch,
    isSecretFile: false,
    byDefault: variable.byDefault,
  };
  if (!secret) return [own];
  const file = {
    ...own,
    variable: `${name}_FILE`,
    name: flagName(`${name}_FILE`),
    meaning: `the file that contains ${name}: ${meaning}`,
    form: ' <file>',
    isSecretFile: true,
  };
  return [file];
}

/** Converts flags to the equivalent environment. */
export function environmentOf(values: FlagValues): Environment {
  const pairs = FLAGS.map(({ name, variable }) => [variable, values[camelCase(name)]] as const);
  return Object.fromEntries(
    pairs.filter(([, value]) => value !== undefined).map(([variable, value]) => [variable, String(value)]),
  );
}

/** Names the flag instead of the variable in a problem, if the value came from the flag. */
export function inTermsOfFlags(problem: string, given: Environment): string {
  const flag = FLAGS.find(({ variable }) => variable in given && problem.startsWith(`${variable}:`));
  return flag ? `--${flag.name}${problem.slice(flag.variable.length)}` : problem;
}

/** The flag of a variable, without dashes: `LUAAUTH_RATE` is `rate`. */
function flagName(variable: string): string {
  return variable
    .replace(/^LUAAUTH_/, '')
    .toLowerCase()
    .replaceAll('_', '-');
}

export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
