import type { CommandLineFeatures } from './program.ts';
import { EXIT, printError } from './terminal.ts';

/** Runs the command that the arguments name, or serves. */
export async function runCommandLine(args: readonly string[], features: CommandLineFeatures): Promise<void> {
  process.stdout.on('error', endOfOutput);
  // Even without files to read again, SIGHUP must not end the process.
  process.on('SIGHUP', () => undefined);
  if (args.length > 0) return (await import('./program.ts')).runCommand(args, features);
  // Commander, with the commands and their flags, takes 10 ms of a start.
  const { serveWith, stopWithNpx } = await import('./serve-with.ts');
  await stopWithNpx();
  await serveWith({}, features);
}

/** A reader of the first lines only, such as `head`, has received what it wanted. */
function endOfOutput({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  printError(`Cannot write to stdout (${code}).`);
  process.exitCode = EXIT.failed;
}
