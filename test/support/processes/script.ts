import { afterAll } from 'vitest';
import { TYPESCRIPT } from './built.ts';
import { commandsOf, type Ended } from './commands-of.ts';

/** A script of the repository, which one process runs as often as a test file asks. */
export function useScript(path: string) {
  const { run, end } = commandsOf(path, TYPESCRIPT);
  afterAll(end);
  return (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): Promise<Ended> =>
    run({ args, cwd, variables: env });
}
