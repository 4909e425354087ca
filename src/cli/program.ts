import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import type { NewKeyFlags } from '../features/commands/gateway-keys.ts';
import { readProbeArguments } from '../features/commands/probe-arguments.ts';
import type { QueryOptions } from '../features/commands/query.ts';
import type { SandboxDates } from '../features/sandbox/server.ts';
import { ID_FORM, isId } from '../luaauth/decoders.ts';
import { isObject } from '../luaauth/envelope.ts';
import { version } from '../version.ts';
import { addFlags, addFlagsOfServe, HELP_LAYOUT } from './add-flags.ts';
import { EXIT, printError, readInputFile } from './terminal.ts';

const AFTER_HELP = `
Without a command it serves: "luaauth-graphql --port 4100" is
"luaauth-graphql serve --port 4100".

The flags of serve are environment variables as well. A flag
wins over the environment, the environment over the file .env in the working
directory. API keys have no flag: set a variable, or name a file.

Exit codes:
  ${EXIT.ok}  all is well
  ${EXIT.failed}  the configuration is wrong, a check failed, or query got no answer
  ${EXIT.usage}  the command line is wrong
  ${EXIT.errors}  query: the answer has errors
  ${EXIT.refused}  query: LuaAuth refused the mutation`;

type CheckFlags = FlagValues & { script?: string; probe?: true; json?: true };

/** Runs the command that the arguments name. A command line that cannot be understood sets the exit code, and stderr says so. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  process.stdout.on('error', endOfOutput);
  // Whether there are files to read again or not: SIGHUP ends no process.
  process.on('SIGHUP', () => undefined);
  try {
    const [command = '', ...rest] = withCommand(args);
    await createProgram().parseAsync([command, ...rest], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** A reader of only the first lines, such as `head`, has got what it wanted. */
function endOfOutput({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  printError(`Cannot write to stdout (${code}).`);
  process.exitCode = EXIT.failed;
}

/** Commander's own default command would take a mistyped command for an argument, and suggest nothing. */
function withCommand(args: readonly string[]): string[] {
  const [first] = args;
  const isForAll = ['-h', '--help', '-v', '--version'].includes(first ?? '');
  const isCommand = first !== undefined && !first.startsWith('-');
  return isForAll || isCommand ? [...args] : ['serve', ...args];
}

/** The commands. Each loads what it runs only then: a wrong flag or a bad configuration is reported at once. */
function createProgram(): Command {
  const program = new Command('luaauth-graphql')
    .description('One typed GraphQL endpoint in front of the LuaAuth REST API.')
    .version(version, '-v, --version')
    .showHelpAfterError('Add --help to see what there is.')
    .configureHelp(HELP_LAYOUT)
    .addHelpText('after', AFTER_HELP)
    .exitOverride();

  addFlags(program.command('serve').description('run the gateway (the default)'))
    // By this one a process tells its workers of their sandbox.
    .addOption(new Option('--shared-sandbox <url>').hideHelp())
    .action(async (flags: FlagValues & { sharedSandbox?: string }) => {
      const config = await configure(flags);
      // A process that runs others needs little of a gateway.
      if (config.workers > 1) return (await import('../server/workers.ts')).runWorkers(config);
      const { serve } = await import('../server/serve.ts');
      await serve(config, 'http', flags.sharedSandbox);
    });

  program
    .command('schema')
    .description('print the GraphQL schema')
    .option('--federation', 'the SDL for a federation router, with @key, @shareable, @cost and @listSize')
    .addOption(
      new Option('--relay', 'the SDL for the Relay compiler, with @fetchable and fetch__…').conflicts(
        'federation',
      ),
    )
    .action(({ federation, relay }: { federation?: true; relay?: true }) => {
      // Codegen keeps a file for each reader in step with the code.
      const name = relay ? 'relay' : federation ? 'subgraph' : 'schema';
      process.stdout.write(readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8'));
    });

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
    const { check } = await import('../features/commands/check.ts');
    const options = { scriptId: flags.script, probe: isProbe ? ids : undefined, json };
    if (!(await check(config, options))) process.exitCode = EXIT.failed;
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
    const { query } = await import('../features/commands/query.ts');
    process.exitCode = await query({ file, variables, operation, plan, url }, config);
  });

  addFlagsOfServe(
    program
      .command('mcp')
      .description('serve the tools for agents over stdin and stdout, to the client that starts this'),
  ).action(async (flags: FlagValues) => {
    const config = await configure({ ...flags, mcp: true });
    const { serve } = await import('../server/serve.ts');
    // It is one client's own: nobody scrapes it, and nobody has to notice that it leaves.
    const shutdown = { ...config.shutdown, delayMs: 0 };
    await serve({ ...config, workers: 1, metrics: undefined, shutdown }, 'stdin');
  });

  program
    .command('sandbox')
    .description('run the sandbox, a fake LuaAuth REST API, alone')
    .addOption(
      new Option('--port <value>', 'port to listen on; 0 takes any free one')
        .env('SANDBOX_PORT')
        .default('4001'),
    )
    .addOption(
      new Option('--dates <value>', 'recent: of the day it starts; fixed: of 2026-02-09, as the docs show')
        .choices(['recent', 'fixed'])
        .default('recent'),
    )
    .action(async ({ port, dates }: { port: string; dates: SandboxDates }) => {
      const { runSandbox } = await import('../features/sandbox/run-sandbox.ts');
      await runSandbox(port, dates);
    });

  return program;
}

/** The configuration, flags on top. Ends the process with every problem named when it has any. */
async function configure(flags: FlagValues): Promise<Config> {
  // The code that reads documents is half of all that help would wait for.
  const { loadConfig } = await import('../config/config.ts');
  const given = environmentOf(flags);
  const result = loadConfig(given);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  printError(['The configuration has problems:', ...lines].join('\n'));
  process.exit(EXIT.failed);
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
      const { makeKey } = await import('../features/commands/gateway-keys.ts');
      reportProblems(await makeKey(flags));
    });
  keys
    .command('check')
    .description('say what a file of gateway keys allows, key by key')
    .argument('<file>', 'the file that GATEWAY_KEYS_FILE names')
    .action(async (path: string) => {
      const { showKeys } = await import('../features/commands/gateway-keys.ts');
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
