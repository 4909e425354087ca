import type { Config } from '../../config/config.ts';
import { isInClear } from '../../http/address.ts';
import { ENDPOINTS } from '../../luaauth/endpoints.ts';
import type { ProcessFeatures } from '../../server/features.ts';
import { exit } from '../../server/signals.ts';
import { readStream } from '../../transport/body.ts';
import { stringifyExactJson } from '../../transport/json.ts';

export interface AskedGateway {
  /** Returns the text of the answer. @throws NoAnswer */
  ask(operation: AskedOperation): Promise<string>;
  close(): Promise<void>;
}

interface AskedOperation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
  /** Asks for the price, and runs nothing. */
  readonly plan?: boolean;
  /** Asks for a report of writes. Some mutations have their own time limit. */
  readonly isMutation?: boolean;
}

/** The gateway at the URL gave no answer. The message says what to do. */
export class NoAnswer extends Error {
  readonly mayHaveRun: boolean;

  constructor(message: string, mayHaveRun: boolean) {
    super(message);
    this.mayHaveRun = mayHaveRun;
  }
}

/** How much longer than the operation its answer may take. */
const ANSWER_WITHIN_MS = 5_000;
const LONGEST_MUTATION_MS = Math.max(...ENDPOINTS.all.map(({ timeoutMs = 0 }) => timeoutMs));
/** Larger than any answer of a gateway with default limits. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Opens the gateway at `url`, or a gateway in this process. Returns a text if the URL cannot be used. */
export async function openAskedGateway(
  url: string | undefined,
  config: Config,
  features: ProcessFeatures,
): Promise<AskedGateway | string> {
  const { heldKey } = config.credentials;
  const sandbox = url === undefined && !config.apiUrl ? await features.sandbox?.() : undefined;
  // The gateway key is for another gateway, not for LuaAuth.
  const key = (url === undefined ? undefined : config.gatewayKey) ?? heldKey ?? sandbox?.facts.key;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  if (url !== undefined) {
    if (key !== undefined && isInClear(new URL(url)))
      return '--url: it begins with http://, so the key would travel in the clear. Begin it with https://.';
    return openThere(new URL(url), config, headers);
  }
  const { openAlone } = await import('../../server/open-alone.ts');
  const gateway = await openAlone(config, features).catch(exit);
  return {
    ask: (operation) => gateway.post(...requestFor(operation, headers)),
    close: gateway.close,
  };
}

function openThere(
  { href, origin, pathname }: URL,
  { operationTimeoutMs }: Config,
  ownHeaders: Readonly<Record<string, string>>,
): AskedGateway {
  const where = origin + pathname;
  return {
    async ask(operation) {
      const timeoutMs =
        operationTimeoutMs + (operation.isMutation ? LONGEST_MUTATION_MS : 0) + ANSWER_WITHIN_MS;
      const [headers, body] = requestFor(operation, ownHeaders);
      const request = { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) };
      try {
        const response = await fetch(href, { ...request, redirect: 'manual' });
        if (response.status >= 300 && response.status < 400)
          throw new NoAnswer(
            `${where}: it redirects elsewhere. Neither the key nor the operation is sent there. Give --url the full address.`,
            false,
          );
        const bytes = await readStream(response.body ?? [], MAX_ANSWER_BYTES);
        if (bytes !== undefined) return bytes.toString('utf8');
        throw new NoAnswer(`${where}: the answer is larger than ${MAX_ANSWER_BYTES} bytes.`, true);
      } catch (cause) {
        throw noAnswer(where, timeoutMs, cause as Error);
      }
    },
    close: () => Promise.resolve(),
  };
}

function requestFor(
  { query, variables, operationName, plan = false, isMutation = false }: AskedOperation,
  headers: Readonly<Record<string, string>>,
): [headers: Readonly<Record<string, string>>, body: string] {
  const mode = plan ? 'plan' : isMutation ? 'report' : undefined;
  return [
    mode ? { ...headers, 'x-upstream': mode } : headers,
    stringifyExactJson({ query, variables, operationName }),
  ];
}

/** Error codes of connections that were never opened. */
const NOT_CONNECTED: readonly unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

function noAnswer(where: string, timeoutMs: number, cause: Error): NoAnswer {
  if (cause instanceof NoAnswer) return cause;
  if (cause.name === 'TimeoutError')
    return new NoAnswer(
      `${where}: no answer in ${timeoutMs} ms. Whether a mutation was carried out is unknown. Raise --operation-timeout-ms to wait longer.`,
      true,
    );
  const code = codeOf(cause);
  const message = `${where}: no answer (${code}). Check whether a gateway listens there.`;
  return new NoAnswer(message, !NOT_CONNECTED.includes(code));
}

function codeOf({ cause, message }: Error): string {
  const { code, message: reason = message } = (cause ?? {}) as { code?: unknown; message?: string };
  return typeof code === 'string' ? code : reason;
}
