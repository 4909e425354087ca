import { type Command, Option } from 'commander';
import { camelCase, FLAGS, type FlagValues } from '../config/flags.ts';

/** Gives a command every flag. */
export function addFlags(command: Command): Command {
  for (const { name, group, variable, meaning, isSwitch, byDefault } of FLAGS) {
    const facts = byDefault === undefined ? variable : `${variable}, default ${byDefault}`;
    const on = new Option(`--${name} ${formOf(variable, isSwitch)}`, `${meaning} (${facts})`);
    const off = isSwitch ? [new Option(`--no-${name}`).hideHelp()] : [];
    for (const option of [on, ...off]) {
      command.addOption(group === undefined ? option : option.helpGroup(`${group}:`));
    }
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
    if (/@/.test(String(values.redisUrl ?? ''))) {
      command.error(
        'error: --redis-url with a password would show it to all who can list processes. Give --redis-url-file, or set REDIS_URL.',
      );
    }
    for (const { variable, name } of secrets) {
      if (values[camelCase(name)] === undefined) continue;
      command.error(
        `error: --${name} would show the key to all who can list processes. Give --${name}-file, or set ${variable}.`,
      );
    }
  });
}

function formOf(variable: string, isSwitch: boolean): string {
  if (isSwitch) return '[true|false]';
  const [, kind = 'value'] = /_(MS|URL|FILE|ENDPOINT)$/.exec(variable) ?? [];
  return kind === 'ENDPOINT' ? '<url>' : `<${kind.toLowerCase()}>`;
}
