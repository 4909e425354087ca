import { Refused } from '../../luaauth/refusal.ts';
import { BadResponse, type CallFailure, RateLimited, TimedOut, Unavailable } from '../../transport/errors.ts';

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

type Diagnosis = Pick<Finding, 'fact' | 'advice'>;

/** Explains why there was no answer of LuaAuth. Undefined if there was an answer, even a refusal. */
export function diagnose(failure: CallFailure, url: URL, timeoutMs: number): Diagnosis | undefined {
  if (failure instanceof Refused) return diagnoseRefusal(failure, url);
  if (failure instanceof RateLimited) {
    return {
      fact: 'it answers that the quota is used up.',
      advice: 'Wait a little and check again. Everybody with the same key shares its quota.',
    };
  }
  if (failure instanceof Unavailable && failure.status !== undefined) return diagnoseProxy(failure, url);
  if (failure instanceof TimedOut) return diagnoseTimeout(failure, url, timeoutMs);
  if (failure instanceof BadResponse) {
    return {
      fact: `the server at ${url.href} is not the LuaAuth API: ${failure.reason}.`,
      advice: `Set LUAAUTH_API_URL to the base URL of the API, ${LIVE_URL}.`,
    };
  }
  return diagnoseConnection(codeOf(failure.cause), url);
}

const LIVE_URL = 'https://api.luaauth.com';

function diagnoseRefusal({ reason }: Refused, url: URL): Diagnosis | undefined {
  if (reason === 'invalid endpoint') {
    return {
      fact: `it answers at ${url.href}, but has no scripts there.`,
      advice: `Set LUAAUTH_API_URL to the base URL of the API, ${LIVE_URL}. A path in the URL is kept.`,
    };
  }
  if (reason === 'internal server error') {
    return { fact: 'it answers, and says that it failed.', advice: 'Check again in a minute.' };
  }
  return undefined;
}

function diagnoseProxy({ isBlocked, ray, status }: Unavailable, { host }: URL): Diagnosis {
  const shown = ray === undefined ? '' : ` (ray ${ray})`;
  return isBlocked
    ? {
        fact: `Cloudflare in front of LuaAuth refuses this machine${shown}.`,
        advice:
          'This happens to machines in data centres. Ask LuaAuth to allow the address of this machine and give them the ray, or run the gateway elsewhere.',
      }
    : {
        fact: `${host} answers with ${status}: it is not available${shown}.`,
        advice: 'Check again in a minute.',
      };
}

function diagnoseTimeout({ executed, status }: TimedOut, { host }: URL, timeoutMs: number): Diagnosis {
  if (status !== undefined) {
    return {
      fact: `a proxy in front of ${host} says that LuaAuth did not answer in time (HTTP ${status}).`,
      advice: 'Check again in a minute.',
    };
  }
  return executed === 'no'
    ? {
        fact: `no connection to ${host} within ${timeoutMs} ms.`,
        advice: 'Check whether a firewall blocks the connection to LuaAuth, and whether the port is right.',
      }
    : {
        fact: `${host} took the request and did not answer within ${timeoutMs} ms.`,
        advice: 'Check whether LUAAUTH_API_URL is right. If LuaAuth is just slow, raise LUAAUTH_TIMEOUT_MS.',
      };
}

function diagnoseConnection(code: string, { host, hostname, port, protocol }: URL): Diagnosis {
  const known: readonly (readonly [codes: RegExp, fact: string, advice: string])[] = [
    [
      /^(?:ENOTFOUND|EAI_AGAIN)$/,
      `the name ${hostname} has no address`,
      'Check the spelling of LUAAUTH_API_URL, and whether this machine has a name server.',
    ],
    [
      /^ECONNREFUSED$/,
      `nothing listens at ${host}`,
      `Check the host and the port of LUAAUTH_API_URL${port ? '' : ', which names no port'}.`,
    ],
    [
      /^(?:EPROTO$|ERR_SSL_)/,
      `the server at ${host} does not use TLS`,
      'If it uses plain HTTP, begin LUAAUTH_API_URL with http://. For another machine this also needs ALLOW_INSECURE_API=true.',
    ],
    [
      /CERT|SELF_SIGNED|SIGNATURE|ERR_TLS/,
      `the certificate of ${host} is not accepted`,
      'If your own proxy is in between, name its CA in NODE_EXTRA_CA_CERTS. If not, do not send a key there.',
    ],
  ];
  const [, fact = `the connection to ${host} broke`, advice = protocol === 'http:' ? BROKEN : BROKEN_TLS] =
    known.find(([codes]) => codes.test(code)) ?? [];
  return { fact: `${fact} (${code}).`, advice };
}

const BROKEN = 'Check whether LUAAUTH_API_URL needs https://, and whether a proxy is in between.';
const BROKEN_TLS = 'Check whether a proxy or firewall is in between, and try again.';

/** The error code of the system or undici. If several addresses were tried, the code of the first. */
function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError && !('code' in cause)) return codeOf(cause.errors[0]);
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
