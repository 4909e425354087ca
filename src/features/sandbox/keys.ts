/** The API keys of the sandbox. All of them belong to one account. */
export const sandboxKeys = {
  full: 'sandbox-key',
  /** The account has expired: an edit answers code 0. */
  expired: 'sandbox-expired',
  /** The tier has no free-for-all mode: an edit with `free_for_all: true` answers code 2. */
  basic: 'sandbox-basic',
} as const;

/** Told to callers with another key if no API is configured, so that the sandbox answers instead. */
export const KEY_ADVICE = `This gateway serves the sandbox, whose key is ${sandboxKeys.full}. For LuaAuth set LUAAUTH_API_URL.`;

const known: ReadonlySet<string> = new Set(Object.values(sandboxKeys));

/** Whether the `token` header is a known key. */
export function isSandboxKey(token: string | string[] | undefined): token is string {
  return typeof token === 'string' && known.has(token);
}

const windowMs = 1000;

/** Admits exactly `rate` requests per key in any 1000 ms; 0 admits all. A refused request does not count. */
export function createQuota(rate: number) {
  const logs = new Map<string, { starts: Float64Array; oldest: number }>();
  return {
    take(key: string, at: number): boolean {
      if (rate === 0) return true;
      let log = logs.get(key);
      if (!log) {
        log = { starts: new Float64Array(rate).fill(Number.NEGATIVE_INFINITY), oldest: 0 };
        logs.set(key, log);
      }
      // Also if the clock was set back, which would otherwise refuse all requests until it has caught up.
      if (Math.abs(at - (log.starts[log.oldest] ?? 0)) < windowMs) return false;
      log.starts[log.oldest] = at;
      log.oldest = (log.oldest + 1) % rate;
      return true;
    },
    clear(): void {
      logs.clear();
    },
  };
}
