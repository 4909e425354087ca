import { type Command, Help, Option } from 'commander';
import { camelCase, FLAGS, type FlagValues, GONE_FLAGS } from '../config/flags.ts';

/** Gives a command every flag of `serve`. The command's help lists only its own flags, and refers to the help of `serve`. */
export function addFlagsOfServe(command: Command): Command {
  addFlags(command);
  const isFlagOfServe = ({ helpGroupHeading }: Option) =>
    !FLAGS.some(({ group }) => helpGroupHeading === `${group}:`);
  const layout: Partial<Help> = {
    ...HELP_LAYOUT,
    // Hidden only here, because Commander suggests visible flags for a misspelt flag.
    formatHelp(this: Help, of, helper) {
      const visibleOptions = (all: Command) => helper.visibleOptions(all).filter(isFlagOfServe);
      const short: Help = Object.create(helper, { visibleOptions: { value: visibleOptions } });
      return Help.prototype.formatHelp.call(short, of, short);
    },
  };
  return command.configureHelp(layout).addHelpText(
    'after',
    `
The flags of serve, such as --api-url and --token-file, and the environment
variables are taken as well: see "luaauth-graphql serve --help".`,
  );
}

export function addFlags(command: Command): Command {
  for (const { name, group, variable, meaning, form, isSwitch, byDefault } of FLAGS) {
    const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
    const on = new Option(`--${name}${form}`, `${meaning} (${facts})`);
    const off = isSwitch ? [new Option(`--no-${name}`).hideHelp()] : [];
    for (const option of [on, ...off]) command.addOption(option.helpGroup(`${group}:`));
  }
  const switchedOff = GONE_FLAGS.map(({ name, instead }) => ({ name: `no-${name}`, instead }));
  return addGoneFlags(refuseWrongValues(command), [...GONE_FLAGS, ...switchedOff]);
}

/** The first switch that is given a value: Commander would take it for another flag, or for an argument. */
export function switchWithValue(args: readonly string[]): string | undefined {
  const switches = FLAGS.filter(({ isSwitch }) => isSwitch).map(({ name }) => name);
  return switches.find((name) =>
    args.some((arg, index) => {
      const next = args[index + 1] ?? '';
      return arg.startsWith(`--${name}=`) || (arg === `--${name}` && /^(?:true|false|on|off)$/.test(next));
    }),
  );
}

interface GoneFlag {
  readonly name: string;
  /** A sentence about what took its place. */
  readonly instead: string;
}

/** Refuses flags that an earlier version had. */
export function addGoneFlags(command: Command, gone: readonly GoneFlag[]): Command {
  for (const { name } of gone) command.addOption(new Option(`--${name} [value]`).hideHelp());
  return command.hook('preAction', () => {
    const values: FlagValues = command.opts();
    for (const { name, instead } of gone)
      if (values[camelCase(name)] !== undefined) command.error(`error: --${name} is gone. ${instead}`);
  });
}

/**
 * Refuses secrets, because every user of a machine can read the arguments of its processes. Also refuses empty values: a
 * variable of a script that is not set would turn off keys, or serve the sandbox.
 */
function refuseWrongValues(command: Command): Command {
  const secrets = FLAGS.filter(({ isSecretFile }) => isSecretFile).map(({ variable, name }) => ({
    variable: variable.replace(/_FILE$/, ''),
    name: name.replace(/-file$/, ''),
  }));
  for (const { name } of secrets) command.addOption(new Option(`--${name} [value]`).hideHelp());
  return command.hook('preAction', () => {
    const values: FlagValues = command.opts();
    if (/@/.test(String(values.redisUrl ?? ''))) {
      command.error(
        'error: --redis-url with a password would show it to everybody who can list processes. Give --redis-url-file, or set REDIS_URL.',
      );
    }
    for (const { name } of FLAGS)
      if (values[camelCase(name)] === '')
        command.error(`error: --${name} is empty. Give it a value, or leave it out.`);
    for (const { variable, name } of secrets) {
      if (values[camelCase(name)] === undefined) continue;
      command.error(
        `error: --${name} would show the key to everybody who can list processes. Give --${name}-file, or set ${variable}.`,
      );
    }
  });
}

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
