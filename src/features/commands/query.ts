import { EXIT, print, printError, readInputFile, readStdin } from '../../cli/terminal.ts';
import type { Config } from '../../config/config.ts';
import { isInClear } from '../../http/address.ts';
import { ENDPOINTS } from '../../luaauth/endpoints.ts';
import type { ProcessFeatures } from '../../server/features.ts';
import { exit } from '../../server/signals.ts';
import { readStream } from '../../transport/body.ts';
import { isMutation, readOutcome, withTypeNames } from './query-outcome.ts';

export interface QueryOptions {
  /** The path of a document; `-` is stdin. */
  readonly file: string;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly operation: string | undefined;
  /** Asks what the operation may cost, and runs nothing. */
  readonly plan: boolean;
  /** A gateway that runs; undefined: the operation runs in this process. */
  readonly url: string | undefined;
}

/** How much longer than an operation its answer may take. */
const ANSWER_WITHIN_MS = 5_000;
const LONGEST_MUTATION_MS = Math.max(...ENDPOINTS.all.map(({ timeoutMs = 0 }) => timeoutMs));
/** More than an answer holds, unless a gateway is configured to give larger ones. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Runs one operation, prints its answer, and says by the exit code what came of it. */
export async function query(
  options: QueryOptions,
  config: Config,
  features: ProcessFeatures,
): Promise<number> {
  const document = await readDocument(options.file).catch((cause: NodeJS.ErrnoException) =>
    fail(
      `${options.file}: ${cause.code === 'EFBIG' ? cause.message : `it cannot be read (${cause.code}).`} Give the path of a document, or - for stdin.`,
    ),
  );
  if (document === undefined) return EXIT.failed;
  const { url } = options;
  if (url !== undefined && keyForOther(config) !== undefined && isInClear(new URL(url))) {
    fail('--url: it begins with http://, so the key would travel in the clear. Begin it with https://.');
    return EXIT.failed;
  }
  const answer =
    url === undefined
      ? await askHere(options, config, features, document)
      : await askThere(new URL(url), options, config, document);
  if (answer === undefined) return EXIT.failed;
  const outcome = readOutcome(answer, document);
  if (outcome === undefined) {
    fail('What came back is not the answer of a gateway. See whether --url is its whole URL, with /graphql.');
    return EXIT.failed;
  }
  print(JSON.stringify(outcome.answer, null, process.stdout.isTTY ? 2 : 0));
  if (outcome.hasErrors) return EXIT.errors;
  return outcome.isRefused ? EXIT.refused : EXIT.ok;
}

async function readDocument(file: string): Promise<string> {
  return file === '-' ? readStdin() : readInputFile(file);
}

async function askHere(
  options: QueryOptions,
  config: Config,
  features: ProcessFeatures,
  document: string,
): Promise<string> {
  const { openAlone } = await import('../../server/open-alone.ts');
  const gateway = await openAlone(config, features).catch(exit);
  const sandboxKey = config.apiUrl ? undefined : (await features.sandbox?.())?.facts.key;
  try {
    const key = config.credentials.heldKey ?? sandboxKey;
    const { headers, body } = requestFor(options, key, document);
    return await gateway.post(headers, body);
  } finally {
    await gateway.close();
  }
}

/** The text that a gateway answers, whatever it is that listens there; undefined: there is none, and stderr says so. */
async function askThere(
  { href, origin, pathname }: URL,
  options: QueryOptions,
  config: Config,
  document: string,
): Promise<string | undefined> {
  const where = origin + pathname;
  // Some mutations have a time limit of their own.
  const ownMs = isMutation(document) ? LONGEST_MUTATION_MS : 0;
  const timeoutMs = config.operationTimeoutMs + ownMs + ANSWER_WITHIN_MS;
  try {
    const request = requestFor(options, keyForOther(config), document);
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(href, { ...request, method: 'POST', redirect: 'manual', signal });
    if (response.status >= 300 && response.status < 400)
      return fail(
        `${where}: it redirects elsewhere, where neither the key nor the operation is sent. Give --url the whole address.`,
      );
    const bytes = await readStream(response.body ?? [], MAX_ANSWER_BYTES);
    return bytes?.toString('utf8') ?? fail(`${where}: the answer is larger than ${MAX_ANSWER_BYTES} bytes.`);
  } catch (error) {
    const cause = error as Error;
    return cause.name === 'TimeoutError'
      ? fail(
          `${where}: no answer in ${timeoutMs} ms. Whether a mutation was carried out is unknown. Raise --operation-timeout-ms to wait longer.`,
        )
      : fail(`${where}: no answer (${codeOf(cause)}). See whether a gateway listens there.`);
  }
}

/** The key for another gateway: the gateway key, where one is configured. */
function keyForOther({ credentials, gatewayKey }: Config): string | undefined {
  return gatewayKey ?? credentials.heldKey;
}

function requestFor(
  { variables, operation: operationName, plan }: QueryOptions,
  key: string | undefined,
  document: string,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(plan ? { 'x-upstream': 'plan' } : {}),
    },
    body: JSON.stringify({ query: withTypeNames(document), variables, operationName }),
  };
}

function fail(problem: string): undefined {
  printError(problem);
}

function codeOf({ cause, message }: Error): string {
  const { code, message: reason = message } = (cause ?? {}) as { code?: unknown; message?: string };
  return typeof code === 'string' ? code : reason;
}
