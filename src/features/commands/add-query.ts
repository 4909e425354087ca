import { type Command, Option } from 'commander';
import { addFlagsOfServe, addRefusedFlags } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import type { FlagValues } from '../../config/flags.ts';
import { isObject } from '../../luaauth/envelope.ts';
import { StartError } from '../../observability/start-error.ts';
import { parseInputJson, readInput, readInputFile, UnusableInput } from './input-text.ts';
import type { Members } from './own-gateway.ts';

interface QueryFlags {
  readonly variables?: string;
  readonly operation?: string;
  readonly plan?: true;
  readonly each?: string;
  readonly output?: string;
  readonly resume?: true;
  readonly repeatUnknown?: true;
  readonly dryRun?: true;
}

/** Flags that earlier versions had. */
const GONE = [
  { name: 'url', because: 'is gone. Ask a running gateway with curl: see docs/recipes/from-a-shell.md.' },
  { name: 'format', because: 'is gone. The name of --output selects the format: .csv or .jsonl.' },
  {
    name: 'on-unknown',
    because: 'is gone. A run continues after an unknown outcome; --repeat-unknown sends such rows again.',
  },
];

export function addQuery(program: Command, parts: CommandParts): void {
  const { terminal, configure, exitWith } = parts;
  const command = addFlagsOfServe(
    program
      .command('query')
      .description('run one operation, and print its answer')
      .argument('<file>', 'the document; - reads stdin')
      .option('--variables <json>', "the operation's variables; @FILE reads them from a file")
      .option('--operation <name>', 'name of the operation, if the document has several')
      .option('--plan', 'print the highest price of the operation, and run nothing')
      .addOption(
        new Option(
          '--each <rows>',
          'run it once for each row of this CSV or JSONL file, with columns as variables; - reads stdin',
        ).conflicts('plan'),
      )
      .option('--output <file>', 'with --each: the file of the results, .csv or .jsonl')
      .option('--resume', 'with --each: send what was not sent, or failed without an effect')
      .addOption(
        new Option(
          '--repeat-unknown',
          'with --resume: also send writes whose outcome is unknown, if repeating has no further effect',
        ).implies({ resume: true }),
      )
      .addOption(
        new Option('--dry-run', 'with --each: print the price and the time, and run nothing').conflicts(
          'resume',
        ),
      ),
  );
  addRefusedFlags(command, GONE).action(async (file: string, given: QueryFlags & FlagValues) => {
    const { variables: text, operation, plan = false, each, output, ...more } = given;
    const { resume = false, repeatUnknown = false, dryRun = false, ...flags } = more;
    const refuse = (problem: string) => command.error(`error: ${problem}`);
    if (each === undefined && (output !== undefined || resume || dryRun))
      refuse('--output, --resume, --repeat-unknown and --dry-run need --each ROWS.');
    if (each !== undefined && output === undefined && !dryRun)
      refuse('--each needs --output FILE, which keeps the results and what was sent.');
    if (file === '-' && each === '-')
      refuse('both the document and the rows come from stdin. Give the path of a file for one of them.');
    // Checked here: a message of Commander would quote the values, which may contain secrets.
    const variables = text === undefined ? undefined : readVariables(text);
    if (typeof variables === 'string') return refuse(`--variables: ${variables}`);
    const config = await configure(flags);
    const document = await inputOf(file, 'a document');
    if (each === undefined) {
      const { query } = await import('./query.ts');
      exitWith(await query({ document, variables, operation, plan }, config, parts));
      return;
    }
    const { bulkQuery } = await import('./bulk/bulk-query.ts');
    const rows = await inputOf(each, 'a file of rows');
    // Without an output nothing can run.
    const own = { output: dryRun ? undefined : output, resume, repeatUnknown };
    const options = { document, variables, operation, each, rows, ...own };
    exitWith(await bulkQuery(options, config, parts));
  });

  async function inputOf(path: string, what: string): Promise<string> {
    try {
      return await readInput(path, terminal.stdin);
    } catch (error) {
      if (!(error instanceof UnusableInput)) throw error;
      throw new StartError(`${path}: ${error.message}. Give the path of ${what}, or - for stdin.`);
    }
  }
}

/** Returns a text without the values if they are wrong. */
function readVariables(given: string): Members | string {
  const path = given.startsWith('@') ? given.slice(1) : undefined;
  const subject = path === undefined ? 'the value' : `the file ${JSON.stringify(path)}`;
  const advice = 'Give a JSON object, or @ and the path of a file with a JSON object.';
  try {
    const value = parseInputJson(path === undefined ? given : readInputFile(path));
    return isObject(value) ? value : `${subject} is not a JSON object. ${advice}`;
  } catch (error) {
    return error instanceof UnusableInput
      ? `${subject}: ${error.message}. ${advice}`
      : `${subject} is not JSON. ${advice}`;
  }
}
