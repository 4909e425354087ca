import { stringifyExactJson } from '../../../base/json.ts';
import type { CommandParts } from '../../../cli/program.ts';
import { EXIT, print } from '../../../cli/terminal.ts';
import type { Config } from '../../../config/config.ts';
import { isRefused, type Members, openOwnGateway } from './own-gateway.ts';

export interface QueryOptions {
  readonly document: string;
  readonly variables: Members | undefined;
  readonly operation: string | undefined;
  /** Prints the price, and runs nothing. */
  readonly plan: boolean;
}

/** Runs one operation, prints its answer and returns the exit code. */
export async function query(
  { document, variables, operation: operationName, plan }: QueryOptions,
  config: Config,
  parts: CommandParts,
): Promise<number> {
  const gateway = await openOwnGateway(config, parts, !plan);
  try {
    const operation = { query: document, variables, operationName };
    const answer = await gateway.ask(operation, plan ? 'plan' : undefined);
    print(parts.terminal, stringifyExactJson(answer.shown, parts.terminal.stdout.isTTY ? 2 : 0));
    if (answer.errors.length > 0) return EXIT.errors;
    return isRefused(answer) ? EXIT.refused : EXIT.ok;
  } finally {
    await gateway.close();
  }
}
