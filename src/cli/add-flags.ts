import { type Command, type Help, Option } from 'commander';
import { camelCase, FLAGS, type FlagValues } from '../config/flags.ts';

/** Gives a command every flag of `serve`. The command's help lists only its own flags, and refers to the help of `serve`. */
export function addFlagsOfServe(command: Command): Command {
  return addFlags(command, true).addHelpText(
    'after',
    `
The flags of serve, such as --api-url and --token-file, and the environment
variables are taken as well: see "luaauth-graphql serve --help".`,
  );
}

/** `areHidden`: help does not list them. */
export function addFlags(command: Command, areHidden = false): Command {
  for (const { name, group, variable, meaning, form, isSwitch, byDefault } of FLAGS) {
    const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
    const on = new Option(`--${name}${form}`, `${meaning} (${facts})`).hideHelp(areHidden);
    const off = isSwitch ? [new Option(`--no-${name}`).hideHelp()] : [];
    for (const option of [on, ...off]) command.addOption(option.helpGroup(`${group}:`));
  }
  for (const { name } of SECRETS) command.addOption(new Option(`--${name} [value]`).hideHelp());
  return command.hook('preAction', () => {
    const values: FlagValues = command.opts();
    for (const { name, variable, fileFlag } of SECRETS)
      if (values[camelCase(name)] !== undefined)
        command.error(
          `error: --${name} would show the secret to everybody who can list processes. Give --${fileFlag}, or set ${variable}.`,
        );
    // A variable of a script that is not set would turn off keys, or serve the sandbox.
    for (const { name } of FLAGS)
      if (values[camelCase(name)] === '')
        command.error(`error: --${name} is empty. Give it a value, or leave it out.`);
  });
}

/** Flags that are refused: every user of a machine can read the arguments of its processes. */
const SECRETS = FLAGS.filter(({ isSecretFile }) => isSecretFile).map(({ variable, name }) => ({
  name: name.replace(/-file$/, ''),
  variable: variable.replace(/_FILE$/, ''),
  fileFlag: name,
}));

const WIDTH = 80;
const BELOW = `\n${' '.repeat(6)}`;

/** Limits help to 80 columns. */
export const HELP_LAYOUT = { helpWidth: Math.min(WIDTH, process.stdout.columns ?? WIDTH) };

/** The help of serve, whose flags are long: each description goes on lines of its own. */
export const HELP_OF_SERVE: Partial<Help> = {
  ...HELP_LAYOUT,
  formatItem: (term, _width, description, helper) =>
    [`  ${term}`, ...helper.boxWrap(description, HELP_LAYOUT.helpWidth - BELOW.length).split('\n')].join(
      BELOW,
    ),
};
