import { type Command, Option } from 'commander';
import { addFlagsOfServe } from '../../cli/add-flags.ts';
import type { CommandParts } from '../../cli/program.ts';
import { EXIT, printError } from '../../cli/terminal.ts';
import type { FlagValues } from '../../config/flags.ts';
import { isObject } from '../../luaauth/envelope.ts';
import type { BulkOptions } from './bulk/bulk-query.ts';
import { parseInputJson, readInputFile, UnusableInput } from './input-text.ts';

type QueryFlags = FlagValues & Partial<Omit<BulkOptions, 'file' | 'variables'>> & { variables?: string };

export function addQuery(program: Command, { configure, features }: CommandParts): void {
  addFlagsOfServe(
    program
      .command('query')
      .description('run one operation, here or at a running gateway, and print its answer')
      .argument('<file>', 'the document; - reads stdin')
      .option('--variables <json>', "the operation's variables; @FILE reads them from a file")
      .option('--operation <name>', 'name of the operation, if the document has several')
      .option('--plan', 'print the highest price of the operation, and run nothing')
      .option('--url <url>', 'ask the gateway at this URL, such as http://127.0.0.1:4000/graphql')
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
    const { variables: given, operation, plan = false, url, ...more } = flags;
    const { each, output, format, resume = false, dryRun = false, onUnknown = 'stop', ...others } = more;
    if (each === undefined && (output ?? format ?? (resume || dryRun || undefined)) !== undefined)
      command.error('error: --output, --format, --resume and --dry-run need --each ROWS.');
    if (resume && output === undefined)
      command.error('error: --resume needs --output FILE, because the journal is next to this file.');
    // Checked here: a message of Commander would quote the values, which may contain secrets.
    const variables = given === undefined ? undefined : readVariables(given);
    if (typeof variables === 'string') command.error(`error: --variables: ${variables}`);
    if (url !== undefined && !(/^https?:\/\//.test(url) && URL.canParse(url)))
      command.error('error: --url is not a URL. A URL begins with http:// or https://.');
    if (url !== undefined && (new URL(url).username || new URL(url).password))
      command.error('error: --url has a user or a password. Leave it out: the key goes in a header.');
    // This process cannot know the REST API behind another gateway.
    const notHere: FlagValues = url === undefined ? {} : { sandbox: true, apiUrl: '' };
    const config = await configure({ ...others, ...notHere });
    if (url === undefined && config.apiUrl === undefined) {
      if (!config.asked.includes('LUAAUTH_SANDBOX')) {
        printError(NO_API);
        process.exitCode = EXIT.failed;
        return;
      }
      printError('Sandbox: made-up data. Nothing reaches LuaAuth.');
    }
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

const NO_API =
  'LUAAUTH_API_URL: not set, so nothing would reach LuaAuth. Set LUAAUTH_API_URL=https://api.luaauth.com, or give --sandbox to try it with made-up data.';

/** Returns a text without the values if they are wrong. */
function readVariables(given: string): Readonly<Record<string, unknown>> | string {
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
