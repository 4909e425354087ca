import { EXIT, print, printError } from '../../cli/terminal.ts';
import type { Config } from '../../config/config.ts';
import type { ProcessFeatures } from '../../server/features.ts';
import { stringifyExactJson } from '../../transport/json.ts';
import { type AskedGateway, NoAnswer, openAskedGateway } from './ask-gateway.ts';
import { readInputFile, readStdin, UnusableInput } from './input-text.ts';
import { isMutation, NO_WRITES, readOutcome } from './query-outcome.ts';

export interface QueryOptions {
  readonly file: string;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly operation: string | undefined;
  readonly plan: boolean;
  /** The URL of a running gateway. Undefined: the operation runs in this process. */
  readonly url: string | undefined;
}

export async function query(
  options: QueryOptions,
  config: Config,
  features: ProcessFeatures,
): Promise<number> {
  const document = await readDocument(options.file);
  if (document === undefined) return EXIT.failed;
  const gateway = await openAskedGateway(options.url, config, features);
  if (typeof gateway === 'string') return fail(gateway);
  const isWrite = isMutation(document, options.operation);
  const answer = await askOnce(gateway, options, document, isWrite);
  if (answer === undefined) return EXIT.failed;
  const outcome = readOutcome(answer, isWrite && !options.plan);
  if (outcome === undefined)
    return fail(
      'The response is not the answer of a gateway. Check whether --url is the full URL, with /graphql.',
    );
  print(stringifyExactJson(outcome.answer, process.stdout.isTTY ? 2 : 0));
  if (outcome.hasErrors) return EXIT.errors;
  if (outcome.isRefused === undefined) return fail(NO_WRITES);
  return outcome.isRefused ? EXIT.refused : EXIT.ok;
}

/** Undefined if it cannot be read; stderr then says why. */
export async function readDocument(file: string): Promise<string | undefined> {
  try {
    return file === '-' ? await readStdin() : readInputFile(file);
  } catch (error) {
    if (!(error instanceof UnusableInput)) throw error;
    printError(`${file}: ${error.message}. Give the path of a document, or - for stdin.`);
    return undefined;
  }
}

async function askOnce(
  gateway: AskedGateway,
  { variables, operation: operationName, plan }: QueryOptions,
  query: string,
  isMutation: boolean,
): Promise<string | undefined> {
  try {
    return await gateway.ask({ query, variables, operationName, plan, isMutation });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    printError(error.message);
    return undefined;
  } finally {
    await gateway.close();
  }
}

function fail(problem: string): number {
  printError(problem);
  return EXIT.failed;
}
