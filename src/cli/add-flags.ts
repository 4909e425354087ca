import { type Command, Help, Option } from 'commander';
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
/** The longest term with enough room for a description next to it. */
const LONGEST_TERM = 32;

/** Limits help to 80 columns. Below a long term, descriptions go on lines of their own. */
export const HELP_LAYOUT: Partial<Help> = {
  helpWidth: Math.min(WIDTH, process.stdout.columns ?? WIDTH),
  formatItem(this: Help, term, termWidth, description, helper) {
    if (termWidth <= LONGEST_TERM || description === '') {
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
    }
    const lines = helper.boxWrap(description, (this.helpWidth ?? WIDTH) - BELOW.length).split('\n');
    return [`  ${term}`, ...lines.map((line) => `${BELOW}${line}`)].join('\n');
  },
};

const BELOW = ' '.repeat(6);
