import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Config } from '../config/config.ts';
import { isInClear } from '../http/address.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { openAlone } from '../server/open-alone.ts';
import { exit } from '../server/signals.ts';
import { EXIT } from './exit-code.ts';
import { readOutcome, withTypeNames } from './query-outcome.ts';

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

/** Runs one operation, prints its answer, and says by the exit code what came of it. */
export async function query(options: QueryOptions, config: Config): Promise<number> {
  const document = await readDocument(options.file).catch((cause: NodeJS.ErrnoException) =>
    fail(`${options.file}: it cannot be read (${cause.code}). Give the path of a document, or - for stdin.`),
  );
  if (document === undefined) return EXIT.failed;
  const { url } = options;
  if (url !== undefined && config.credentials.heldKey !== undefined && isInClear(new URL(url))) {
    fail('--url: it begins with http://, so the key would travel in the clear. Begin it with https://.');
    return EXIT.failed;
  }
  const answer =
    url === undefined
      ? await askHere(options, config, document)
      : await ask(fetch, url, options, config, document).catch((cause: Error) =>
          fail(`${url}: no answer (${codeOf(cause)}). See whether a gateway listens there.`),
        );
  if (answer === undefined) return EXIT.failed;
  const outcome = readOutcome(answer, document);
  if (outcome === undefined) {
    fail('What came back is not the answer of a gateway. See whether --url is its whole URL, with /graphql.');
    return EXIT.failed;
  }
  console.log(JSON.stringify(outcome.answer, null, process.stdout.isTTY ? 2 : 0));
  if (outcome.hasErrors) return EXIT.errors;
  return outcome.isRefused ? EXIT.refused : EXIT.ok;
}

async function readDocument(file: string): Promise<string> {
  return file === '-' ? text(process.stdin) : readFileSync(file, 'utf8');
}

async function askHere(options: QueryOptions, config: Config, document: string): Promise<string> {
  const gateway = await openAlone(config).catch(exit);
  try {
    return await ask(gateway.fetch as typeof fetch, 'http://localhost/graphql', options, config, document);
  } finally {
    await gateway.close();
  }
}

/** Sends the operation, with the key that is configured, and gives the text that comes back. */
async function ask(
  send: typeof fetch,
  url: string,
  { variables, operation: operationName, plan, url: given }: QueryOptions,
  { credentials: { heldKey }, apiUrl }: Config,
  document: string,
): Promise<string> {
  const key = heldKey ?? (given === undefined && apiUrl === undefined ? sandboxKeys.full : undefined);
  const response = await send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(plan ? { 'x-upstream': 'plan' } : {}),
    },
    body: JSON.stringify({ query: withTypeNames(document), variables, operationName }),
  });
  return response.text();
}

function fail(problem: string): undefined {
  console.error(problem);
}

function codeOf({ cause, message }: Error): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : message;
}
