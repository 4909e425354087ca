/** The API keys of the sandbox. All of them belong to one account. */
export const sandboxKeys = {
  full: 'sandbox-key',
  /** The account has expired: an edit answers code 0. */
  expired: 'sandbox-expired',
  /** The tier has no free-for-all mode: an edit with `free_for_all: true` answers code 2. */
  basic: 'sandbox-basic',
} as const;

const known: ReadonlySet<string> = new Set(Object.values(sandboxKeys));

/** Whether the `token` header is a known key. */
export function isSandboxKey(token: string | string[] | undefined): token is string {
  return typeof token === 'string' && known.has(token);
}
