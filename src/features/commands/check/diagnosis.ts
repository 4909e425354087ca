import { Refused } from '../../../luaauth/refusal.ts';
import {
  BadResponse,
  type CallFailure,
  RateLimited,
  TimedOut,
  Unavailable,
} from '../../../transport/errors.ts';

export interface Finding {
  /** `note` is worth knowing, `fail` has to be fixed. */
  readonly level: 'ok' | 'note' | 'fail';
  readonly subject: 'Configuration' | 'Redis' | 'LuaAuth' | 'Key' | 'Read';
  readonly fact: string;
  readonly advice?: string;
}

export function show({ level, subject, fact, advice }: Finding): string {
  const line = `${level.padEnd(4)}  ${subject.padEnd(13)}  ${fact}`;
  return advice === undefined ? line : `${line}\n${advice}`.replaceAll('\n', `\n${' '.repeat(21)}`);
}

const BASE_URL = 'Set LUAAUTH_API_URL to the base URL of the API, https://api.luaauth.com.';
const LATER = 'Check again in a minute.';

/** Explains why there was no answer of LuaAuth. Undefined if there was an answer, even a refusal. */
export function diagnose(
  failure: CallFailure,
  { host, hostname, href, port, protocol }: URL,
  timeoutMs: number,
): Pick<Finding, 'fact' | 'advice'> | undefined {
  const refusal = failure instanceof Refused ? failure.reason : undefined;
  const unavailable = failure instanceof Unavailable && failure.status !== undefined ? failure : undefined;
  const late = failure instanceof TimedOut ? failure : undefined;
  const ray = failure.ray === undefined ? '' : ` (ray ${failure.ray})`;
  const code = codeOf(failure.cause);
  /** The first row that applies explains the failure. */
  const known: readonly (readonly [applies: boolean, fact: string, advice: string])[] = [
    [
      refusal === 'invalid endpoint',
      `it answers at ${href}, but has no scripts there.`,
      `${BASE_URL} A path in the URL is kept.`,
    ],
    [refusal === 'internal server error', 'it answers, and says that it failed.', LATER],
    [
      failure instanceof RateLimited,
      'it answers that the quota is used up.',
      'Wait a little and check again. Everybody with the same key shares its quota.',
    ],
    [
      unavailable?.isBlocked === true,
      `Cloudflare in front of LuaAuth refuses this machine${ray}.`,
      'This happens to machines in data centres. Ask LuaAuth to allow the address of this machine and give them the ray, or run the gateway elsewhere.',
    ],
    [
      unavailable !== undefined,
      `${host} answers with ${unavailable?.status}: it is not available${ray}.`,
      LATER,
    ],
    [
      late?.status !== undefined,
      `a proxy in front of ${host} says that LuaAuth did not answer in time (HTTP ${late?.status}).`,
      LATER,
    ],
    [
      late?.executed === 'no',
      `no connection to ${host} within ${timeoutMs} ms.`,
      'Check whether a firewall blocks the connection to LuaAuth, and whether the port is right.',
    ],
    [
      late !== undefined,
      `${host} took the request and did not answer within ${timeoutMs} ms.`,
      'Check whether LUAAUTH_API_URL is right. If LuaAuth is just slow, raise LUAAUTH_TIMEOUT_MS.',
    ],
    [
      failure instanceof BadResponse,
      `the server at ${href} is not the LuaAuth API: ${failure instanceof BadResponse && failure.reason}.`,
      BASE_URL,
    ],
    [
      ['ENOTFOUND', 'EAI_AGAIN'].includes(code),
      `the name ${hostname} has no address (${code}).`,
      'Check the spelling of LUAAUTH_API_URL, and whether this machine has a name server.',
    ],
    [
      code === 'ECONNREFUSED',
      `nothing listens at ${host} (${code}).`,
      `Check the host and the port of LUAAUTH_API_URL${port ? '' : ', which names no port'}.`,
    ],
    [
      /^(?:EPROTO$|ERR_SSL_)/.test(code),
      `the server at ${host} does not use TLS (${code}).`,
      'If it uses plain HTTP, begin LUAAUTH_API_URL with http://. For another machine this also needs ALLOW_INSECURE_API=true.',
    ],
    [
      /CERT|SELF_SIGNED|SIGNATURE|ERR_TLS/.test(code),
      `the certificate of ${host} is not accepted (${code}).`,
      'If your own proxy is in between, name its CA in NODE_EXTRA_CA_CERTS. If not, do not send a key there.',
    ],
    [
      refusal === undefined,
      `the connection to ${host} broke (${code}).`,
      protocol === 'http:'
        ? 'Check whether LUAAUTH_API_URL needs https://, and whether a proxy is in between.'
        : 'Check whether a proxy or firewall is in between, and try again.',
    ],
  ];
  const [, fact, advice] = known.find(([applies]) => applies) ?? [];
  return fact === undefined || advice === undefined ? undefined : { fact, advice };
}

/** The error code of the system or undici. If several addresses were tried, the code of the first. */
function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError && !('code' in cause)) return codeOf(cause.errors[0]);
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
