import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import type { FlagValues } from '../config/flags.ts';
import { StartError } from '../observability/start-error.ts';
import type { ProcessFeatures } from '../server/features.ts';
import { PACKAGE, version } from '../version.ts';
import { addFlags, addFlagsOfServe, HELP_LAYOUT, HELP_OF_SERVE } from './add-flags.ts';
import { configure } from './configure.ts';
import { mcpStandIns } from './mcp-stand-ins.ts';
import { EXIT, printError, type Terminal } from './terminal.ts';

const AFTER_HELP = `
Without a command it serves: "luaauth-graphql --port 4100" is
"luaauth-graphql serve --port 4100".

The flags of serve are environment variables as well. A flag wins over the
environment, the environment over the file .env in the working directory.
API keys have no flag: set a variable, or name a file.

Exit codes:
  ${EXIT.ok}  all is well
  ${EXIT.failed}  the configuration is wrong, a check failed, or query got no answer
  ${EXIT.usage}  the command line is wrong
  ${EXIT.errors}  query: the answer has errors
  ${EXIT.refused}  query: LuaAuth refused the mutation
  ${EXIT.stopped}  query --each: it stopped before the last row`;

export interface CommandLineFeatures extends ProcessFeatures {
  readonly commands?: () => Promise<{
    addCommands(program: Command, parts: CommandParts): void;
  }>;
}

export interface CommandParts {
  readonly terminal: Terminal;
  readonly features: ProcessFeatures;
  /** Reads the configuration and the flags. @throws StartError with all problems */
  configure(flags: FlagValues, standInsFor?: (given: Environment) => Environment): Config;
  /** Sets the exit code, which is 0 by default. */
  exitWith(code: number): void;
}

/**
 * Runs the command that the arguments name, or serves. Returns the exit code once the command has ended, or once the
 * gateway listens. A wrong command line, and a reason why a command cannot run, are explained on stderr.
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  features: CommandLineFeatures,
): Promise<number> {
  let code: number = EXIT.ok;
  const parts: CommandParts = {
    terminal,
    features,
    configure: (flags, standInsFor) => configure(terminal.env, flags, standInsFor),
    exitWith(given) {
      code = given;
    },
  };
  try {
    const program = await createProgram(parts, features);
    await program.parseAsync(withCommand(args), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof StartError)) throw error;
    printError(terminal, error.message);
    return EXIT.failed;
  }
}

/** Commander's own default command would take a misspelt command for an argument, and suggest nothing. */
function withCommand(args: readonly string[]): string[] {
  const [first] = args;
  const isProgramFlag = ['-h', '--help', '-v', '--version'].includes(first ?? '');
  const isCommand = first !== undefined && !first.startsWith('-');
  return isProgramFlag || isCommand ? [...args] : ['serve', ...args];
}

/** Creates the commands. Each command loads its code when it runs, so a wrong flag is reported at once. */
async function createProgram(parts: CommandParts, features: CommandLineFeatures): Promise<Command> {
  const { terminal, configure } = parts;
  const program = new Command('luaauth-graphql')
    .description('One typed GraphQL endpoint in front of the LuaAuth REST API.')
    .version(version, '-v, --version')
    .showHelpAfterError('Add --help to see the commands and flags.')
    .configureHelp(HELP_LAYOUT)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .addHelpText('after', AFTER_HELP)
    .exitOverride();

  addFlags(program.command('serve').description('run the gateway (the default)'))
    .configureHelp(HELP_OF_SERVE)
    .action(async (flags: FlagValues) => {
      const config = configure(flags);
      return (await import('../server/serve.ts')).serve(config, features, 'http');
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
      // Codegen keeps these files in step with the code.
      const name = relay ? 'relay' : federation ? 'subgraph' : 'schema';
      terminal.stdout.write(readFileSync(new URL(`schema/${name}.graphql`, PACKAGE), 'utf8'));
    });

  (await features.commands?.())?.addCommands(program, parts);
  if (features.agents) addMcp(program, parts);
  if (features.sandbox) addSandbox(program, features.sandbox);
  return program;
}

function addMcp(program: Command, { configure, features }: CommandParts): void {
  addFlagsOfServe(
    program
      .command('mcp')
      .description(
        'serve the tools for agents over stdin and stdout, to the client that starts this command',
      ),
  )
    .option('--arbitrary', 'also gives the agent a tool for any query within the scopes of its key')
    .action(async ({ arbitrary: isArbitrary = false, ...flags }: FlagValues & { arbitrary?: boolean }) => {
      const sandbox = (await features.sandbox?.())?.facts;
      const config = configure({ ...flags, mcp: true }, (given) => mcpStandIns(given, sandbox?.key));
      const { serve } = await import('../server/serve.ts');
      if (isArbitrary && config.persisted.mode === 'only') throw new StartError(ONLY_LISTED);
      // This gateway serves only the client that started it, which reads no metrics and no page.
      const own = {
        agents: { isArbitrary },
        dashboard: undefined,
        graphiql: false,
        metrics: undefined,
        metricsScripts: undefined,
      };
      await serve({ ...config, ...own }, features, 'stdin');
    });
}

const ONLY_LISTED =
  'PERSISTED_DOCUMENTS is only, so no other document runs. Leave it out, or leave out --arbitrary.';

function addSandbox(program: Command, load: NonNullable<ProcessFeatures['sandbox']>): void {
  program
    .command('sandbox')
    .description('run only the sandbox, a fake LuaAuth REST API')
    .addOption(
      new Option('--port <value>', 'port to listen on; 0 takes any free port')
        .env('SANDBOX_PORT')
        .default('4001'),
    )
    .addOption(
      new Option(
        '--dates <value>',
        'recent: data of the day on which it starts; fixed: data of 2026-02-09, as in the docs',
      )
        .choices(['recent', 'fixed'])
        .default('recent'),
    )
    .action(async ({ port, dates }: { port: string; dates: 'fixed' | 'recent' }) => {
      const { runSandbox } = await load();
      await runSandbox(port, dates);
    });
}
