import { onStop, stopWithParent } from '../server/signals.ts';
import { type CommandLineFeatures, run } from './program.ts';
import { EXIT, printError } from './terminal.ts';

/** Runs a command as this process. */
export async function runCommandLine(args: readonly string[], features: CommandLineFeatures): Promise<void> {
  process.stdout.on('error', endOfOutput);
  // Even without files to read again, SIGHUP must not end the process.
  process.on('SIGHUP', () => undefined);
  const { env, stdin, stdout, stderr } = process;
  // npx may end while its child, this process, still runs.
  if (env.npm_command === 'exec') stopWithParent();
  const code = await run(args, { env, stdin, stdout, stderr, onStop }, features);
  process.exitCode = code || process.exitCode;
}

/** A reader of the first lines only, such as `head`, has received what it wanted. */
function endOfOutput({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  printError(process, `Cannot write to stdout (${code}).`);
  process.exitCode = EXIT.failed;
}
