import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { addFlagsOfServe } from '../../../cli/add-flags.ts';
import type { CommandParts } from '../../../cli/program.ts';
import type { FlagValues } from '../../../config/flags.ts';
import { Unusable } from '../../../config/unusable.ts';
import { isObject } from '../../../luaauth/envelope.ts';
import { parseInputJson, readInput } from './input-text.ts';
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
  command.action(async (file: string, given: QueryFlags & FlagValues) => {
    const { variables: text, operation, plan = false, each, output, ...more } = given;
    const { resume = false, repeatUnknown = false, dryRun = false, ...flags } = more;
    const refuse = (problem: string) => command.error(`error: ${problem}`);
    if (each === undefined && (output !== undefined || resume || dryRun))
      refuse('--output, --resume, --repeat-unknown and --dry-run need --each ROWS.');
    if (each !== undefined && output === undefined && !dryRun)
      refuse('--each needs --output FILE, which keeps the results and what was sent.');
    if (file === '-' && each === '-')
      refuse('both the document and the rows come from stdin. Give the path of a file for one of them.');
    const variables = text === undefined ? undefined : await variablesIn(text);
    const config = configure(flags);
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
      return await readInput(path === '-' ? terminal.stdin : createReadStream(path));
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      throw new Unusable(`${path}: ${error.message} Give the path of ${what}, or - for stdin.`);
    }
  }

  /** Commander's own check of an argument would quote the values, which may be secrets. */
  async function variablesIn(given: string): Promise<Members> {
    const path = given.startsWith('@') ? given.slice(1) : undefined;
    try {
      const value = parseInputJson(path === undefined ? given : await readInput(createReadStream(path)));
      if (isObject(value)) return value;
      throw new Unusable('it is not a JSON object.');
    } catch (error) {
      const what = path === undefined ? 'the value' : `the file ${JSON.stringify(path)}`;
      const problem = error instanceof Unusable ? error.message : 'it is not JSON.';
      return command.error(
        `error: --variables: ${what}: ${problem} Give a JSON object, or @ and the path of a file with a JSON object.`,
      );
    }
  }
}
