import { StartError } from '../observability/start-error.ts';

/** What was given cannot be used. `problems` are whole sentences without any secret. */
export class Unusable extends StartError {
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Runs `read`. If it throws Unusable, each of the problems begins with this name. */
export function named<Value>(name: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new Unusable(...error.problems.map((problem) => `${name}: ${problem}`));
  }
}

/** Runs `read`. If it throws Unusable, adds its problems and returns undefined. */
export function collect<Value>(problems: string[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
