import { type About, headerIn, type Reply } from '../transport/call.ts';
import { type CallFailure, RateLimited, TimedOut, Unavailable } from '../transport/errors.ts';

/** An answer without the API's envelope, with what tells such answers apart. */
interface Seen {
  readonly status: number;
  /** The beginning of the body. */
  readonly page: string;
  /** Whether Cloudflare has marked the answer. */
  readonly isCloudflare: boolean;
  /** Whether Cloudflare says that it has stopped the request. */
  readonly isMitigated: boolean;
}

interface Row {
  readonly matches: (seen: Seen) => boolean;
  readonly failure: 'Unavailable' | 'TimedOut' | 'RateLimited';
  /** Whether Cloudflare refuses this machine. */
  readonly isBlocked?: true;
  /** Whether a read is made again. A write is, if it was not carried out. */
  readonly isRetried: boolean;
  /** Whether the circuit breaker counts a failure. The cache then gives a stale entry for a read. */
  readonly isTrouble: boolean;
  /** Whether the API has carried a write out. */
  readonly executed: 'no' | 'unknown';
}

/** Cloudflare could not connect, or not by TLS: the request has not reached the API. */
const NOT_CONNECTED = [521, 523, 525, 526, 530];
const TIMED_OUT = [408, 504, 524];

/**
 * Every answer that a proxy in front of the API gives in its place, such as Cloudflare (`docs/luaauth-api.md#around-the-api`).
 * The first row that matches counts. Envelope, retry, circuit breaker and cache go by it.
 */
const TABLE: readonly Row[] = [
  {
    matches: ({ status, page }) => status === 429 || (status >= 400 && isErrorCode(page, 1015, 1015)),
    failure: 'RateLimited',
    isRetried: true,
    isTrouble: false,
    executed: 'no',
  },
  {
    matches: ({ status, page, isMitigated }) => status === 403 && (isMitigated || isBlockPage(page)),
    failure: 'Unavailable',
    isBlocked: true,
    isRetried: false,
    isTrouble: true,
    executed: 'no',
  },
  {
    matches: ({ status, isCloudflare }) => isCloudflare && NOT_CONNECTED.includes(status),
    failure: 'Unavailable',
    isRetried: true,
    isTrouble: true,
    executed: 'no',
  },
  {
    matches: ({ status }) => TIMED_OUT.includes(status),
    failure: 'TimedOut',
    isRetried: false,
    isTrouble: true,
    executed: 'unknown',
  },
  {
    matches: ({ status }) => status >= 500,
    failure: 'Unavailable',
    isRetried: true,
    isTrouble: true,
    executed: 'unknown',
  },
];

/** The failure that an answer without an envelope stands for; undefined: its status tells nothing. */
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
  const { executed, isBlocked = false, isRetried: transient, isTrouble: unhealthy } = row;
  if (row.failure === 'RateLimited') return new RateLimited(about, retryAfterMs(), { byApi: true, ray });
  if (row.failure === 'TimedOut') return new TimedOut(about, executed, { unhealthy, status, ray });
  const shown = ray === undefined ? '' : `, ray ${ray}`;
  const where = executed === 'no' ? 'LuaAuth cannot be reached behind Cloudflare' : 'LuaAuth is unavailable';
  const reason = isBlocked
    ? `Cloudflare in front of LuaAuth refuses this machine (HTTP ${status}${shown})`
    : `${where} (HTTP ${status}${shown})`;
  return new Unavailable(about, executed, { reason, isBlocked, transient, unhealthy, status, ray });
}

/** Cloudflare's name of a request. Any other text is dropped: the header may hold anything. */
export function rayOf({ headers }: Reply): string | undefined {
  const ray = headerIn(headers, 'cf-ray');
  return ray !== undefined && /^[\w-]{1,64}$/.test(ray) ? ray : undefined;
}

/** The title of a page stands near its beginning. */
const MAX_PAGE_LENGTH = 16_384;

/** The body is the code and nothing else: a page may quote what a client has sent. */
function isErrorCode(page: string, first: number, last: number): boolean {
  const [, code] = /^\s*error code: (\d{4})\s*$/.exec(page) ?? [];
  return code !== undefined && Number(code) >= first && Number(code) <= last;
}

/** A challenge, or a page that says that a rule has stopped the request. */
function isBlockPage(page: string): boolean {
  return (
    isErrorCode(page, 1005, 1020) ||
    /<title>(?:Just a moment\.\.\.|Attention Required! \| Cloudflare|[^<]{0,200} used Cloudflare to restrict access)<\/title>/.test(
      page,
    )
  );
}
