import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFlagsOfServe } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import { EXIT } from '../../cli/terminal.ts';
import type { FlagValues } from '../../config/flags.ts';
import { ID_FORM, isId } from '../../luaauth/decoders.ts';
import type { NewKeyFlags } from './keys/gateway-keys.ts';
import { addQuery } from './query/add-query.ts';

type CheckFlags = FlagValues & {
  readonly script?: string;
  readonly probe?: boolean;
  readonly json?: boolean;
};

export function addCommands(program: Command, parts: CommandParts): void {
  const { configure, exitWith, features } = parts;
  const command = addFlagsOfServe(
    program
      .command('check')
      .description('check the configuration, and read once from LuaAuth')
      .option('--script <id>', 'read this script of yours, to see whether the key is accepted', scriptId)
      .option('--probe', 'make each documented read once, and compare the answers')
      .option('--json', 'print one JSON object'),
  );
  command.action(async ({ probe: isProbe = false, json = false, ...flags }: CheckFlags) => {
    if (isProbe && !features.differences)
      command.error('error: --probe needs the feature differences, which is not installed in this build.');
    const config = configure(flags);
    const needsKey = isProbe ? config.apiUrl !== undefined : flags.script !== undefined;
    if (needsKey && config.credentials.heldKey === undefined)
      command.error(
        `error: ${isProbe ? '--probe' : '--script'} needs a key. Set LUAAUTH_TOKEN, or give --token-file.`,
      );
    const { check } = await import('./check/check.ts');
    const isFine = await check(config, parts, { scriptId: flags.script, isProbe, json });
    if (!isFine) exitWith(EXIT.failed);
  });

  addKeysCommand(program, parts);
  addQuery(program, parts);
}

function addKeysCommand(program: Command, { terminal }: CommandParts): void {
  const keys = program.command('keys').description('make, list and revoke gateway keys');
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
      const { makeKey } = await import('./keys/gateway-keys.ts');
      await makeKey(flags, terminal);
    });
  keys
    .command('list')
    .description('list the names of the keys in a file, with scopes, lists and ends')
    .requiredOption('--file <path>', 'the file of keys')
    .action(async ({ file }: { file: string }) => {
      const { listKeys } = await import('./keys/gateway-keys.ts');
      listKeys(file, terminal);
    });
  keys
    .command('revoke')
    .description('remove the keys with this name from a file')
    .argument('<name>', 'the name of the entry')
    .requiredOption('--file <path>', 'the file of keys')
    .action(async (name: string, { file }: { file: string }) => {
      const { revokeKey } = await import('./keys/gateway-keys.ts');
      await revokeKey(name, file, terminal);
    });
}

function scriptId(given: string): string {
  if (!isId(given)) throw new InvalidArgumentError(`An id is ${ID_FORM}.`);
  return given;
}
