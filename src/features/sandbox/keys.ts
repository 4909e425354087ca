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
