import { StartError } from '../observability/start-error.ts';
import type { CommandLineFeatures } from './program.ts';
import { EXIT, printError, type Terminal } from './terminal.ts';

/**
 * Runs the command that the arguments name, or serves. Returns the exit code once the command has ended, or once the
 * gateway listens. A reason why a command cannot run is explained on stderr.
 */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  features: CommandLineFeatures,
): Promise<number> {
  try {
    if (args.length > 0) return await (await import('./program.ts')).runCommand(args, terminal, features);
    // Commander, with the commands and their flags, takes 10 ms of a start.
    const { configure, serveWith } = await import('./serve-with.ts');
    await serveWith(await configure(terminal.env, {}), features);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    printError(terminal, error.message);
    return EXIT.failed;
  }
}

/** Runs a command as this process. */
export async function runCommandLine(args: readonly string[], features: CommandLineFeatures): Promise<void> {
  process.stdout.on('error', endOfOutput);
  // Even without files to read again, SIGHUP must not end the process.
  process.on('SIGHUP', () => undefined);
  const { env, stdin, stdout, stderr } = process;
  // npx may end while its child, this process, still runs.
  if (env.npm_command === 'exec') (await import('../server/signals.ts')).stopWithParent();
  const onStop: Terminal['onStop'] = (stop) =>
    void import('../server/signals.ts').then((signals) => signals.onStop(async (signal) => stop(signal)));
  const code = await run(args, { env, stdin, stdout, stderr, onStop }, features);
  // The channel to its parent would keep a worker running.
  if (code !== EXIT.ok && process.channel) process.exit(code);
  process.exitCode = code || process.exitCode;
}

/** A reader of the first lines only, such as `head`, has received what it wanted. */
function endOfOutput({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  printError(process, `Cannot write to stdout (${code}).`);
  process.exitCode = EXIT.failed;
}
