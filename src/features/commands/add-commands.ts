import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFlagsOfServe } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import { EXIT } from '../../cli/terminal.ts';
import type { FlagValues } from '../../config/flags.ts';
import { ID_FORM, isId } from '../../luaauth/decoders.ts';
import { addQuery } from './add-query.ts';
import type { NewKeyFlags } from './gateway-keys.ts';
import { readProbeArguments } from './probe-arguments.ts';

type CheckFlags = FlagValues & { script?: string; probe?: true; json?: true };

export function addCommands(program: Command, parts: CommandParts): void {
  const { configure, exitWith } = parts;
  addFlagsOfServe(
    program
      .command('check')
      .description('check the configuration, and read once from LuaAuth')
      .argument('[ids...]', 'with --probe: script=ID, project=ID and key=KEY of your account')
      .option('--script <id>', 'read this script of yours, to see whether the key is accepted', scriptId)
      .option('--probe', 'make each documented read once, at most 10 calls, and compare the answers')
      .option('--json', 'print one JSON object'),
  ).action(async (given: string[], flags: CheckFlags, command: Command) => {
    const { probe: isProbe = false, json = false, ...others } = flags;
    const ids = readProbeArguments(given);
    if (typeof ids === 'string') command.error(`error: ${ids}`);
    if (!isProbe && given.length > 0)
      command.error('error: check accepts script=ID, project=ID and key=KEY only with --probe. Add --probe.');
    if (isProbe && !parts.features.differences)
      command.error('error: --probe needs the feature differences, which is not installed in this build.');
    if (isProbe && flags.script !== undefined)
      command.error('error: --probe expects the script as script=ID. Leave --script out.');
    const config = await configure(others);
    if (isProbe && config.apiUrl !== undefined && config.credentials.heldKey === undefined)
      command.error('error: --probe needs a key. Give --token-file, or set LUAAUTH_TOKEN.');
    if (flags.script !== undefined && config.credentials.heldKey === undefined) {
      command.error('error: --script needs a key. Give --token-file, or set LUAAUTH_TOKEN.');
    }
    const { check } = await import('./check.ts');
    const options = { scriptId: flags.script, probe: isProbe ? ids : undefined, json };
    if (!(await check(config, parts, options))) exitWith(EXIT.failed);
  });

  addKeysCommands(program, parts);
  addQuery(program, parts);
}

function addKeysCommands(program: Command, { terminal }: CommandParts): void {
  const keys = program.command('keys').description('make gateway keys, and show what they allow');
  keys
    .command('new')
    .description('make a gateway key, and print it once')
    .requiredOption('--name <name>', 'name of the person or program that gets the key')
    .option('--scopes <scopes>', 'its scopes, separated by commas; * for all scopes')
    .option('--scripts <ids>', 'the only scripts that it can access, separated by commas')
    .option('--projects <ids>', 'the only projects that it can access, separated by commas')
    .option('--rate <calls>', 'the most REST calls per second that it can cause')
    .option('--expires-at <instant>', 'when it expires, such as 2027-01-01T00:00:00Z')
    .option('--file <path>', 'add its entry to this file of keys')
    .addOption(
      new Option('--rotate', 'add the key to the entry with this name, besides its previous key').conflicts([
        'scopes',
        'scripts',
        'projects',
        'rate',
        'expiresAt',
      ]),
    )
    .action(async (flags: NewKeyFlags) => {
      const { makeKey } = await import('./gateway-keys.ts');
      await makeKey(flags, terminal);
    });
  keys
    .command('check')
    .description('show what a file of gateway keys allows, key by key')
    .argument('<file>', 'the file that GATEWAY_KEYS_FILE names')
    .action(async (path: string) => {
      const { showKeys } = await import('./gateway-keys.ts');
      showKeys(path, terminal);
    });
}

function scriptId(given: string): string {
  if (!isId(given)) throw new InvalidArgumentError(`An id is ${ID_FORM}.`);
  return given;
}
