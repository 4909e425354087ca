import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import { StartError } from '../observability/start-error.ts';

/** Reads the configuration and the flags. @throws StartError with all problems */
export async function configure(
  environment: Environment,
  flags: FlagValues,
  standInsFor?: (given: Environment) => Environment,
): Promise<Config> {
  // Loaded late, because reading documents needs half of all code, and help does not.
  const { loadConfig } = await import('../config/config.ts');
  const given = environmentOf(flags);
  const result = loadConfig(environment, given, standInsFor);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  throw new StartError(['The configuration has problems:', ...lines].join('\n'));
}
