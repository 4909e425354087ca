import { Refused } from '../../luaauth/refusal.ts';
import { BadResponse, type CallFailure, RateLimited, TimedOut, Unavailable } from '../../transport/errors.ts';

/** One thing that `check` has to say, and what to do about it. */
export interface Finding {
  /** `note` is worth knowing, `fail` has to be fixed. */
  readonly level: 'ok' | 'note' | 'fail';
  readonly subject: 'Configuration' | 'Redis' | 'LuaAuth' | 'Key' | 'Read' | 'Headers';
  readonly fact: string;
  readonly advice?: string;
}

/** A finding as lines for a person. */
export function show({ level, subject, fact, advice }: Finding): string {
  const line = `${level.padEnd(4)}  ${subject.padEnd(13)}  ${fact}`;
  return advice === undefined ? line : `${line}\n${advice}`.replaceAll('\n', `\n${' '.repeat(21)}`);
}

type Diagnosis = Pick<Finding, 'fact' | 'advice'>;

/**
 * Why a question got no answer of LuaAuth's, and what to do about it; undefined when it did get one, were it a refusal.
 */
export function diagnose(failure: CallFailure, url: URL, timeoutMs: number): Diagnosis | undefined {
  if (failure instanceof Refused) return diagnoseRefusal(failure, url);
  if (failure instanceof RateLimited) {
    return {
      fact: 'it answers, and says that the quota is used up.',
      advice: 'Wait a little and check again. The quota is shared by all that use the same key.',
    };
  }
  if (failure instanceof Unavailable && failure.status !== undefined) return diagnoseProxy(failure, url);
  if (failure instanceof TimedOut) return diagnoseTimeout(failure, url, timeoutMs);
  if (failure instanceof BadResponse) {
    return {
      fact: `what answers at ${url.href} is not the LuaAuth API: ${failure.reason}.`,
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
      advice: `Set LUAAUTH_API_URL to the base URL of the API, ${LIVE_URL}; a path in it is kept.`,
    };
  }
  if (reason === 'internal server error') {
    return { fact: 'it answers, and says that it failed.', advice: 'Check again in a minute.' };
  }
  return undefined;
}

/** A proxy in front of the API has answered in its place. */
function diagnoseProxy({ isBlocked, ray, status }: Unavailable, { host }: URL): Diagnosis {
  const shown = ray === undefined ? '' : ` (ray ${ray})`;
  return isBlocked
    ? {
        fact: `Cloudflare in front of LuaAuth refuses this machine${shown}.`,
        advice:
          'Machines in data centres meet this. Ask LuaAuth to allow the address of this machine and give them the ray, or run the gateway elsewhere.',
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
        advice:
          'See whether a firewall stands between this machine and LuaAuth, and whether the port is right.',
      }
    : {
        fact: `${host} took the request and did not answer within ${timeoutMs} ms.`,
        advice: 'See whether LUAAUTH_API_URL is right. If LuaAuth is just slow, raise LUAAUTH_TIMEOUT_MS.',
      };
}

function diagnoseConnection(code: string, { host, hostname, port, protocol }: URL): Diagnosis {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      fact: `the name ${hostname} has no address (${code}).`,
      advice: 'See whether LUAAUTH_API_URL is spelt right, and whether this machine has a name server.',
    };
  }
  if (code === 'ECONNREFUSED') {
    return {
      fact: `nothing listens at ${host} (${code}).`,
      advice: `See whether the host and the port of LUAAUTH_API_URL are right${port ? '' : '; it names no port'}.`,
    };
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return {
      fact: `what listens at ${host} does not speak TLS (${code}).`,
      advice:
        'If it is plain HTTP, begin LUAAUTH_API_URL with http://; on another machine that takes ALLOW_INSECURE_API=true.',
    };
  }
  if (/CERT|SELF_SIGNED|SIGNATURE|ERR_TLS/.test(code)) {
    return {
      fact: `the certificate of ${host} is not accepted (${code}).`,
      advice:
        'If a proxy of your own stands in between, name its CA in NODE_EXTRA_CA_CERTS. If not, do not send a key there.',
    };
  }
  return {
    fact: `the connection to ${host} broke (${code}).`,
    advice:
      protocol === 'http:'
        ? 'See whether it wants https:// in LUAAUTH_API_URL, and whether a proxy stands in between.'
        : 'See whether a proxy or firewall stands in between, and check again.',
  };
}

/** The system's or undici's code; of several addresses that were tried, the first one's. */
function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError && !('code' in cause)) return codeOf(cause.errors[0]);
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
