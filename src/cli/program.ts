import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import type { ProcessFeatures } from '../server/features.ts';
import { version } from '../version.ts';
import { addFlags, addFlagsOfServe, HELP_LAYOUT } from './add-flags.ts';
import { mcpStandIns } from './mcp-stand-ins.ts';
import { EXIT, printError } from './terminal.ts';

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
  ${EXIT.refused}  query: LuaAuth refused the mutation
  ${EXIT.stopped}  query --each: it stopped before the last row`;

/** The features of a command line. */
export interface CommandLineFeatures extends ProcessFeatures {
  readonly commands?: () => Promise<{
    /** Adds the feature's commands to the program. */
    addCommands(program: Command, parts: CommandParts): void;
  }>;
}

export interface CommandParts {
  /** Reads the configuration, flags on top. Ends the process with every problem named when it has any. */
  readonly configure: typeof configure;
  readonly features: ProcessFeatures;
}

/** Runs the command that the arguments name. A command line that cannot be understood sets the exit code, and stderr says so. */
export async function runCommandLine(args: readonly string[], features: CommandLineFeatures): Promise<void> {
  process.stdout.on('error', endOfOutput);
  // Whether there are files to read again or not: SIGHUP ends no process.
  process.on('SIGHUP', () => undefined);
  try {
    const [command = '', ...rest] = withCommand(args);
    const program = await createProgram(features);
    await program.parseAsync([command, ...rest], { from: 'user' });
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
async function createProgram(features: CommandLineFeatures): Promise<Command> {
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
      if (config.workers > 1) return (await import('../server/workers.ts')).runWorkers(config, features);
      const { serve } = await import('../server/serve.ts');
      await serve(config, features, 'http', flags.sharedSandbox);
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

  program.hook('preAction', async () => {
    const { isStartedByNpx } = await import('../config/config.ts');
    if (isStartedByNpx()) (await import('../server/signals.ts')).stopWithParent();
  });
  (await features.commands?.())?.addCommands(program, { configure, features });
  if (features.agents) addMcp(program, features);
  if (features.sandbox) addSandbox(program, features.sandbox);
  return program;
}

function addMcp(program: Command, features: ProcessFeatures): void {
  addFlagsOfServe(
    program
      .command('mcp')
      .description('serve the tools for agents over stdin and stdout, to the client that starts this'),
  ).action(async (flags: FlagValues) => {
    const sandbox = (await features.sandbox?.())?.facts;
    const config = await configure({ ...flags, mcp: true }, (given) => mcpStandIns(given, sandbox?.key));
    const { serve } = await import('../server/serve.ts');
    // It is one client's own: nobody scrapes it, and nobody has to notice that it leaves.
    const shutdown = { ...config.shutdown, delayMs: 0 };
    await serve({ ...config, workers: 1, metrics: undefined, shutdown }, features, 'stdin');
  });
}

function addSandbox(program: Command, load: NonNullable<ProcessFeatures['sandbox']>): void {
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
    .action(async ({ port, dates }: { port: string; dates: 'fixed' | 'recent' }) => {
      const { runSandbox } = await load();
      await runSandbox(port, dates);
    });
}

/** The configuration, flags on top. Ends the process with every problem named when it has any. */
async function configure(
  flags: FlagValues,
  standInsFor?: (given: Environment) => Environment,
): Promise<Config> {
  // The code that reads documents is half of all that help would wait for.
  const { loadConfig } = await import('../config/config.ts');
  const given = environmentOf(flags);
  const result = loadConfig(given, standInsFor);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  printError(['The configuration has problems:', ...lines].join('\n'));
  process.exit(EXIT.failed);
}
