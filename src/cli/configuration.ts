import { type Config, loadConfig } from '../config/config.ts';
import { environmentOf, type FlagValues, inTermsOfFlags } from '../config/flags.ts';
import { EXIT } from './exit-code.ts';

/** The configuration, flags on top. Ends the process with every problem told when it has any. */
export function configurationOrExit(flags: FlagValues): Config {
  const given = environmentOf(flags);
  const result = loadConfig(given);
  if ('config' in result) return result.config;
  const lines = result.problems.map((problem) => `  ${inTermsOfFlags(problem, given)}`);
  console.error(['The configuration has problems:', ...lines].join('\n'));
  process.exit(EXIT.failed);
}
