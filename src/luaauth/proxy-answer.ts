import { type About, headerIn, type Reply } from '../transport/call.ts';
import { type CallFailure, RateLimited, TimedOut, Unavailable } from '../transport/errors.ts';

interface Seen {
  readonly status: number;
  /** The beginning of the body. */
  readonly page: string;
  readonly isCloudflare: boolean;
  /** Whether Cloudflare says that it stopped the request. */
  readonly isMitigated: boolean;
}

interface Row {
  readonly matches: (seen: Seen) => boolean;
  readonly failure: 'Unavailable' | 'TimedOut' | 'RateLimited';
  readonly isBlocked?: true;
  /** Whether a read is retried. A write is retried only if it was not carried out. */
  readonly isRetried: boolean;
  /** Whether the circuit breaker counts a failure. A read may then be answered by a stale entry. */
  readonly isUnhealthy: boolean;
  /** Whether the API may have carried out a write. */
  readonly executed: 'no' | 'unknown';
}

/** Cloudflare could not open a TCP or TLS connection, so the request has not reached the API. */
const NOT_CONNECTED = [521, 523, 525, 526, 530];
const TIMED_OUT = [408, 504, 524];

/** All answers of a proxy in front of the API (`docs/luaauth-api.md#around-the-api`). The first matching row counts. */
const TABLE: readonly Row[] = [
  {
    matches: ({ status, page }) => status === 429 || (status >= 400 && isErrorCode(page, 1015, 1015)),
    failure: 'RateLimited',
    isRetried: true,
    isUnhealthy: false,
    executed: 'no',
  },
  {
    matches: ({ status, page, isMitigated }) => status === 403 && (isMitigated || isBlockPage(page)),
    failure: 'Unavailable',
    isBlocked: true,
    isRetried: false,
    isUnhealthy: true,
    executed: 'no',
  },
  {
    matches: ({ status, isCloudflare }) => isCloudflare && NOT_CONNECTED.includes(status),
    failure: 'Unavailable',
    isRetried: true,
    isUnhealthy: true,
    executed: 'no',
  },
  {
    matches: ({ status }) => TIMED_OUT.includes(status),
    failure: 'TimedOut',
    isRetried: false,
    isUnhealthy: true,
    executed: 'unknown',
  },
  {
    matches: ({ status }) => status >= 500,
    failure: 'Unavailable',
    isRetried: true,
    isUnhealthy: true,
    executed: 'unknown',
  },
];

/** The failure for an answer without an envelope. Undefined if the status says nothing. */
export function proxyFailure(
  about: About,
  reply: Reply,
  retryAfterMs: () => number | undefined,
): CallFailure | undefined {
  const { status, headers, text } = reply;
  const ray = rayOf(reply);
  const isCloudflare = ray !== undefined || headerIn(headers, 'server')?.toLowerCase() === 'cloudflare';
  const isMitigated = headerIn(headers, 'cf-mitigated') !== undefined;
  const seen = { status, page: text.slice(0, MAX_PAGE_LENGTH), isCloudflare, isMitigated };
  const row = TABLE.find(({ matches }) => matches(seen));
  if (row === undefined) return undefined;
  const { executed, isBlocked = false, isRetried: transient, isUnhealthy: unhealthy } = row;
  if (row.failure === 'RateLimited') return new RateLimited(about, retryAfterMs(), { byApi: true, ray });
  if (row.failure === 'TimedOut') return new TimedOut(about, executed, { unhealthy, status, ray });
  const shown = ray === undefined ? '' : `, ray ${ray}`;
  const where = executed === 'no' ? 'LuaAuth cannot be reached behind Cloudflare' : 'LuaAuth is unavailable';
  const reason = isBlocked
    ? `Cloudflare in front of LuaAuth refuses this machine (HTTP ${status}${shown})`
    : `${where} (HTTP ${status}${shown})`;
  return new Unavailable(about, executed, { reason, isBlocked, transient, unhealthy, status, ray });
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
