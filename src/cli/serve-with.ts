import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import type { ProcessFeatures } from '../server/features.ts';
import { EXIT, printError } from './terminal.ts';

/** Serves with these flags. `sharedSandbox` is the address at which a worker finds the sandbox. */
export async function serveWith(
  flags: FlagValues,
  features: ProcessFeatures,
  sharedSandbox?: string,
): Promise<void> {
  const config = await configure(flags);
  // A process that starts workers needs little of the gateway.
  if (config.workers > 1) {
    const { nodeFlagsOfWorkers } = await import('../config/config.ts');
    return (await import('../server/workers.ts')).runWorkers(config, features, nodeFlagsOfWorkers());
  }
  const { serve } = await import('../server/serve.ts');
  await serve(config, features, 'http', sharedSandbox);
}

/** Ends this process with the npx that has started it. */
export async function stopWithNpx(): Promise<void> {
  const { isStartedByNpx } = await import('../config/config.ts');
  if (isStartedByNpx()) (await import('../server/signals.ts')).stopWithParent();
}

/** Reads the configuration and the flags. Lists all problems and ends the process if there are any. */
export async function configure(
  flags: FlagValues,
  standInsFor?: (given: Environment) => Environment,
): Promise<Config> {
  // Loaded late, because reading documents needs half of all code, and help does not.
  const { loadConfig } = await import('../config/config.ts');
  const given = environmentOf(flags);
  const result = loadConfig(given, standInsFor);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  printError(['The configuration has problems:', ...lines].join('\n'));
  process.exit(EXIT.failed);
}
