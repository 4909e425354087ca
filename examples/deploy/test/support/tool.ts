import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Runs a command to its end. @throws where it is not installed */
export function runTool(
  command: string,
  args: readonly string[],
  variables: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const env = { PATH: `${process.env.PATH}:/usr/sbin`, HOME: process.env.HOME, ...variables };
  return new Promise((resolve, reject) => {
    execFile(command, args, { env }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT')
        reject(new Error(`${command} is missing; README.md says what to install.`));
      else resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

export function textOf(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The text with each of the parts replaced. @throws for a part that is not there */
export function replaceParts(text: string, parts: Record<string, string>): string {
  return Object.entries(parts).reduce((result, [part, replacement]) => {
    if (!result.includes(part)) throw new Error(`There is no ${JSON.stringify(part)}.`);
    return result.replaceAll(part, replacement);
  }, text);
}
