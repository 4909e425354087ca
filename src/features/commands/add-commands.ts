import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFlagsOfServe } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import { EXIT, printError, readInputFile } from '../../cli/terminal.ts';
import type { FlagValues } from '../../config/flags.ts';
import { ID_FORM, isId } from '../../luaauth/decoders.ts';
import { isObject } from '../../luaauth/envelope.ts';
import type { NewKeyFlags } from './gateway-keys.ts';
import { readProbeArguments } from './probe-arguments.ts';
import type { QueryOptions } from './query.ts';

type CheckFlags = FlagValues & { script?: string; probe?: true; json?: true };

/** Adds `check`, `keys` and `query`. Each loads its code when it runs. */
export function addCommands(program: Command, { configure, features }: CommandParts): void {
  addFlagsOfServe(
    program
      .command('check')
      .description('read the configuration, and ask LuaAuth one harmless question')
      .argument('[ids...]', 'with --probe: script=ID, project=ID and key=KEY of your account')
      .option('--script <id>', 'read this script of yours, to see whether the key is accepted', scriptId)
      .option('--probe', 'make each documented read once, at most 10 calls, and compare the answers')
      .option('--json', 'print one object of JSON'),
  ).action(async (given: string[], flags: CheckFlags, command: Command) => {
    const { probe: isProbe = false, json = false, ...others } = flags;
    const ids = readProbeArguments(given);
    if (typeof ids === 'string') command.error(`error: ${ids}`);
    if (!isProbe && given.length > 0)
      command.error('error: check takes script=ID, project=ID and key=KEY with --probe alone. Add --probe.');
    if (isProbe && flags.script !== undefined)
      command.error('error: --probe takes the script as script=ID. Leave --script out.');
    const config = await configure(others);
    if (isProbe && config.apiUrl !== undefined && config.credentials.heldKey === undefined)
      command.error('error: --probe needs a key to read with. Give --token-file, or set LUAAUTH_TOKEN.');
    if (flags.script !== undefined && config.credentials.heldKey === undefined) {
      command.error('error: --script needs a key to read with. Give --token-file, or set LUAAUTH_TOKEN.');
    }
    const { check } = await import('./check.ts');
    const options = { scriptId: flags.script, probe: isProbe ? ids : undefined, json };
    if (!(await check(config, features, options))) process.exitCode = EXIT.failed;
  });

  addKeysCommands(program);
  addFlagsOfServe(
    program
      .command('query')
      .description('run one operation, here or at a running gateway, and print its answer')
      .argument('<file>', 'the document; - reads stdin')
      .option('--variables <json>', "the operation's variables; @FILE reads them from a file", jsonObject)
      .option('--operation <name>', 'which operation, where the document has several')
      .option('--plan', 'print what the operation may cost, and run nothing')
      .option(
        '--url <url>',
        'ask the gateway at this URL, such as http://127.0.0.1:4000/graphql',
        gatewayUrl,
      ),
  ).action(async (file: string, flags: Partial<Omit<QueryOptions, 'file'>>, command: Command) => {
    const { variables, operation, plan = false, url, ...others } = flags;
    // Told here, where the URL is not quoted.
    if (url !== undefined && (new URL(url).username || new URL(url).password))
      command.error('error: --url has a user or a password. Leave it out: the key goes in a header.');
    // The REST API behind another gateway is not this process's to know.
    const notHere: FlagValues = url === undefined ? {} : { sandbox: true, apiUrl: '' };
    const config = await configure({ ...others, ...notHere });
    const { query } = await import('./query.ts');
    process.exitCode = await query({ file, variables, operation, plan, url }, config, features);
  });
}

function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('make gateway keys, and see what they allow');
  keys
    .command('new')
    .description('make a gateway key, and print it once')
    .requiredOption('--name <name>', 'who is to have it')
    .option('--scopes <scopes>', 'what it allows, separated by commas; * for everything')
    .option('--scripts <ids>', 'the only scripts that it reaches, separated by commas')
    .option('--projects <ids>', 'the only projects that it reaches, separated by commas')
    .option('--rate <calls>', 'REST calls that it may cause in any second')
    .option('--expires-at <instant>', 'when it ends, such as 2027-01-01T00:00:00Z')
    .option('--file <path>', 'add its entry to this file of keys')
    .addOption(
      new Option('--rotate', 'add it to the entry of this name, beside the key of before').conflicts([
        'scopes',
        'scripts',
        'projects',
        'rate',
        'expiresAt',
      ]),
    )
    .action(async (flags: NewKeyFlags) => {
      const { makeKey } = await import('./gateway-keys.ts');
      reportProblems(await makeKey(flags));
    });
  keys
    .command('check')
    .description('say what a file of gateway keys allows, key by key')
    .argument('<file>', 'the file that GATEWAY_KEYS_FILE names')
    .action(async (path: string) => {
      const { showKeys } = await import('./gateway-keys.ts');
      reportProblems(showKeys(path));
    });
}

function reportProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  printError(problems.map((problem) => `${problem}.`).join('\n'));
  process.exitCode = EXIT.failed;
}

function jsonObject(given: string): Readonly<Record<string, unknown>> {
  const advice = 'Give an object of JSON, or @ and the path of a file that holds one.';
  try {
    const value: unknown = JSON.parse(given.startsWith('@') ? readInputFile(given.slice(1)) : given);
    if (isObject(value)) return value;
  } catch {
    // The message below says what it is not; it is not quoted twice.
  }
  throw new InvalidArgumentError(advice);
}

function gatewayUrl(given: string): string {
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given;
  throw new InvalidArgumentError('A URL begins with http:// or https://.');
}

function scriptId(given: string): string {
  if (!isId(given)) throw new InvalidArgumentError(`An id is ${ID_FORM}.`);
  return given;
}
