import type { About } from './call.ts';

/** Runs `make` without capturing stacks for its errors. A stack is most of the cost of an error. */
export function withoutStacks<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What a failure tells, as the members of `CallFailure` of the same names. */
interface Facts extends ErrorOptions {
  readonly transient: boolean;
  readonly executed: 'no' | 'unknown';
  readonly unhealthy?: boolean;
  readonly provesKey?: boolean;
  readonly ray?: string | undefined;
}

/** No usable result. "It did not answer properly" is here, "it said no" in `luaauth/refusal.ts`. Holds facts only. */
export abstract class CallFailure extends Error {
  /** Whether the same call may well succeed a moment later. */
  readonly transient: boolean;
  /** Whether the API carried the call out, as far as can be known. */
  readonly executed: 'no' | 'unknown';
  /** Whether the failure shows that the API as a whole is in trouble, not just this call. */
  readonly unhealthy: boolean;
  /** Whether the failure shows that the API has accepted the key: an answer that does not refuse the key. */
  readonly provesKey: boolean;
  readonly endpoint: string;
  readonly kind: About['kind'];
  /** Cloudflare's name of the request, if its proxy answered in place of the API. */
  readonly ray: string | undefined;

  constructor(about: About, message: string, { transient, executed, ...facts }: Facts) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, facts);
    Error.stackTraceLimit = stackTraceLimit;
    this.transient = transient;
    this.executed = executed;
    this.unhealthy = facts.unhealthy ?? false;
    this.provesKey = facts.provesKey ?? false;
    this.endpoint = about.endpoint;
    this.kind = about.kind;
    this.ray = facts.ray;
  }
}

type UnavailableFacts = Partial<Facts> & { reason?: string; isBlocked?: boolean; status?: number };

/** No connection, a broken connection, or an answer of a proxy that reports either. */
export class Unavailable extends CallFailure {
  override name = 'Unavailable' as const;
  /** Whether a proxy in front of the API refuses this machine. */
  readonly isBlocked: boolean;
  /** The HTTP status of the proxy; undefined: there was no answer. */
  readonly status: number | undefined;

  constructor(about: About, executed: 'no' | 'unknown', options: UnavailableFacts = {}) {
    const usual = executed === 'no' ? 'LuaAuth could not be reached' : 'the connection to LuaAuth broke';
    super(about, options.reason ?? usual, { transient: true, unhealthy: true, ...options, executed });
    this.isBlocked = options.isBlocked ?? false;
    this.status = options.status;
  }
}

/** The deadline passed before the connection, the answer or the rest of its body came. */
export class TimedOut extends CallFailure {
  override name = 'TimedOut' as const;
  /** The HTTP status of a proxy that timed out; undefined: the gateway's own deadline passed. */
  readonly status: number | undefined;

  constructor(about: About, executed: 'no' | 'unknown', options: Partial<Facts> & { status?: number } = {}) {
    const by = options.status === undefined ? '' : ` (HTTP ${options.status})`;
    super(about, `LuaAuth did not answer in time${by}`, { ...options, transient: false, executed });
    this.status = options.status;
  }
}

/** An answer that differs from the API's documentation. `reason` says how, without quoting the answer. */
export class BadResponse extends CallFailure {
  override name = 'BadResponse' as const;
  readonly reason: string;
  /** Whether this answers another request, so that its connection cannot be trusted. */
  readonly isMisdirected: boolean;

  constructor(about: About, reason: string, options: Partial<Facts> & { isMisdirected?: boolean } = {}) {
    const { transient = false, isMisdirected = false } = options;
    const facts = { ...options, transient, unhealthy: transient, executed: 'unknown' as const };
    super(about, `LuaAuth's answer cannot be used: ${reason}`, facts);
    this.reason = reason;
    this.isMisdirected = isMisdirected;
  }
}

/** How long to wait when the API does not say, in ms. */
const RETRY_AFTER_MS = 1_000;

interface RateLimitedBy {
  readonly byApi: boolean;
  readonly isOfCaller?: boolean;
  readonly ray?: string | undefined;
}

/** The API's `ratelimited`, or the gateway's own refusal because no permit is free in time. Nothing was executed. */
export class RateLimited extends CallFailure {
  override name = 'RateLimited' as const;
  /** How long to wait before the next try, in ms. */
  readonly retryAfterMs: number;
  /** Whether the API refused the call, not the gateway. */
  readonly byApi: boolean;
  /** Whether the rate of this caller alone is used up. */
  readonly isOfCaller: boolean;

  constructor(about: About, retryAfterMs: number | undefined, by: RateLimitedBy) {
    const { byApi, isOfCaller = false, ray } = by;
    const reason = isOfCaller ? 'the rate of this gateway key is used up' : 'the LuaAuth quota is used up';
    super(about, reason, { transient: true, executed: 'no', ray });
    this.retryAfterMs = retryAfterMs ?? RETRY_AFTER_MS;
    this.byApi = byApi;
    this.isOfCaller = isOfCaller;
  }
}

/** The calls of the operation have brought more bytes than one operation may receive. */
export class BroughtTooMuch extends CallFailure {
  override name = 'BroughtTooMuch' as const;

  constructor(about: About, executed: 'no' | 'unknown') {
    super(
      about,
      "LuaAuth's answers to this operation have more bytes than one operation may receive, which is 4 times MAX_ANSWER_BYTES. Ask for smaller pages or fewer items, or split the operation",
      { transient: false, executed },
    );
  }
}

/** The client left before the answer came. No client receives this failure. */
export class ClientLeft extends CallFailure {
  override name = 'ClientLeft' as const;

  constructor(about: About, executed: 'no' | 'unknown') {
    super(about, 'the client left before LuaAuth answered', { transient: false, executed });
  }
}

/** Whether an older answer says more than this failure, which is no answer of the API. */
export function allowsOlderAnswer(failure: unknown): boolean {
  if (!(failure instanceof CallFailure)) return false;
  return failure.transient || failure.unhealthy || failure instanceof TimedOut;
}
