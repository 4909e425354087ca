import { type Config, loadConfig } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import { StartError } from '../observability/start-error.ts';

/** Reads the configuration and the flags. @throws StartError with all problems */
export function configure(
  environment: Environment,
  flags: FlagValues,
  standInsFor?: (given: Environment) => Environment,
): Config {
  const given = environmentOf(flags);
  const result = loadConfig(environment, given, standInsFor);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  throw new StartError(['The configuration has problems:', ...lines].join('\n'));
}
