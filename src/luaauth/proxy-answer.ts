import { type About, headerIn, type Reply } from '../transport/call.ts';
import { type CallFailure, RateLimited, TimedOut, Unavailable } from '../transport/errors.ts';

/** Cloudflare could not open a TCP or TLS connection, so the request has not reached the API. */
const NOT_CONNECTED = [521, 523, 525, 526, 530];
const TIMED_OUT = [408, 504, 524];

/**
 * The failure for an answer of a proxy in front of the API (`docs/luaauth-api.md#around-the-api`), which has no envelope. Undefined
 * if the status says nothing.
 */
export function proxyFailure(
  about: About,
  reply: Reply,
  retryAfterMs: () => number | undefined,
): CallFailure | undefined {
  const { status, headers, text } = reply;
  const page = text.slice(0, MAX_PAGE_LENGTH);
  const ray = rayOf(reply);
  const isCloudflare = ray !== undefined || headerIn(headers, 'server')?.toLowerCase() === 'cloudflare';
  const isMitigated = headerIn(headers, 'cf-mitigated') !== undefined;
  const where = `(HTTP ${status}${ray === undefined ? '' : `, ray ${ray}`})`;
  if (status === 429 || (status >= 400 && isErrorCode(page, 1015, 1015)))
    return new RateLimited(about, retryAfterMs(), { byApi: true, ray });
  if (status === 403 && (isMitigated || isBlockPage(page))) {
    const reason = `Cloudflare in front of LuaAuth refuses this machine ${where}`;
    return new Unavailable(about, 'no', { reason, isBlocked: true, transient: false, status, ray });
  }
  if (isCloudflare && NOT_CONNECTED.includes(status)) {
    const reason = `LuaAuth cannot be reached behind Cloudflare ${where}`;
    return new Unavailable(about, 'no', { reason, status, ray });
  }
  if (TIMED_OUT.includes(status)) return new TimedOut(about, 'unknown', { unhealthy: true, status, ray });
  if (status >= 500)
    return new Unavailable(about, 'unknown', { reason: `LuaAuth is unavailable ${where}`, status, ray });
  return undefined;
}

/** Cloudflare's name of a request. The header may hold anything, so other texts are dropped. */
export function rayOf({ headers }: Reply): string | undefined {
  const ray = headerIn(headers, 'cf-ray');
  return ray !== undefined && /^[\w-]{1,64}$/.test(ray) ? ray : undefined;
}

/** The title is near the beginning of a page. */
const MAX_PAGE_LENGTH = 16_384;

/** The whole body must be the code: a page may quote text of a client. */
function isErrorCode(page: string, first: number, last: number): boolean {
  const [, code] = /^\s*error code: (\d{4})\s*$/.exec(page) ?? [];
  return code !== undefined && Number(code) >= first && Number(code) <= last;
}

function isBlockPage(page: string): boolean {
  return (
    isErrorCode(page, 1005, 1020) ||
    /<title>(?:Just a moment\.\.\.|Attention Required! \| Cloudflare|[^<]{0,200} used Cloudflare to restrict access)<\/title>/.test(
      page,
    )
  );
}
