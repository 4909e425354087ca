import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a file of `src/` as the scripts of package.json do, with no other variables than those. */
export function run(name: string, variables: Record<string, string>, args: readonly string[] = []) {
  const file = fileURLToPath(new URL(`../../src/${name}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    env: { PATH: process.env.PATH, ...variables },
  });
  const printed = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed.text += text;
    });
  }
  /** The exit code, and all that was printed. */
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, output: printed.text.trim() })),
  );
  return { child, printed, ended };
}
