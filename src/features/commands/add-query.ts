import { type Command, InvalidArgumentError, Option } from 'commander';
import { addFlagsOfServe } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import { readInputFile } from '../../cli/terminal.ts';
import type { FlagValues } from '../../config/flags.ts';
import { isObject } from '../../luaauth/envelope.ts';
import { parseExactJson } from '../../transport/json.ts';
import type { BulkOptions } from './bulk/bulk-query.ts';

type QueryFlags = FlagValues & Partial<Omit<BulkOptions, 'file'>>;

export function addQuery(program: Command, { configure, features }: CommandParts): void {
  addFlagsOfServe(
    program
      .command('query')
      .description('run one operation, here or at a running gateway, and print its answer')
      .argument('<file>', 'the document; - reads stdin')
      .option('--variables <json>', "the operation's variables; @FILE reads them from a file", jsonObject)
      .option('--operation <name>', 'name of the operation, if the document has several')
      .option('--plan', 'print the highest price of the operation, and run nothing')
      .option('--url <url>', 'ask the gateway at this URL, such as http://127.0.0.1:4000/graphql', gatewayUrl)
      .addOption(
        new Option(
          '--each <rows>',
          'run it once for each row of this CSV or JSONL file, with columns as variables; - reads stdin',
        ).conflicts('plan'),
      )
      .option('--output <file>', 'with --each: the file of the results, with its journal next to it')
      .addOption(
        new Option(
          '--format <format>',
          'with --each: csv or jsonl; by default the ending of --output',
        ).choices(['jsonl', 'csv']),
      )
      .option('--resume', 'with --each: continue a run without repeating a write')
      .addOption(
        new Option('--dry-run', 'with --each: print the price and the time, and run nothing').conflicts(
          'resume',
        ),
      )
      .addOption(
        new Option('--on-unknown <what>', 'with --each: what to do after a write whose outcome is unknown')
          .choices(['stop', 'continue'])
          .default('stop'),
      ),
  ).action(async (file: string, flags: QueryFlags, command: Command) => {
    const { variables, operation, plan = false, url, ...more } = flags;
    const { each, output, format, resume = false, dryRun = false, onUnknown = 'stop', ...others } = more;
    if (each === undefined && (output ?? format ?? (resume || dryRun || undefined)) !== undefined)
      command.error('error: --output, --format, --resume and --dry-run need --each ROWS.');
    if (resume && output === undefined)
      command.error('error: --resume needs --output FILE, because the journal is next to this file.');
    // Checked here, where the message does not quote the URL.
    if (url !== undefined && (new URL(url).username || new URL(url).password))
      command.error('error: --url has a user or a password. Leave it out: the key goes in a header.');
    // This process cannot know the REST API behind another gateway.
    const notHere: FlagValues = url === undefined ? {} : { sandbox: true, apiUrl: '' };
    const config = await configure({ ...others, ...notHere });
    const options = { file, variables, operation, plan, url };
    if (each !== undefined) {
      const { bulkQuery } = await import('./bulk/bulk-query.ts');
      const bulk = { ...options, each, output, format, resume, dryRun, onUnknown };
      process.exitCode = await bulkQuery(bulk, config, features);
      return;
    }
    const { query } = await import('./query.ts');
    process.exitCode = await query(options, config, features);
  });
}

function jsonObject(given: string): Readonly<Record<string, unknown>> {
  const advice = 'Give a JSON object, or @ and the path of a file with a JSON object.';
  try {
    const value = parseExactJson(given.startsWith('@') ? readInputFile(given.slice(1)) : given);
    if (isObject(value)) return value;
  } catch {
    // The message below explains the problem without quoting the text again.
  }
  throw new InvalidArgumentError(advice);
}

function gatewayUrl(given: string): string {
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given;
  throw new InvalidArgumentError('A URL begins with http:// or https://.');
}
