/** The API keys that the sandbox knows. All of them see the data of one account. */
export const sandboxKeys = {
  /** Everything works. */
  full: 'sandbox-key',
  /** The account has expired: an edit answers code 0. */
  expired: 'sandbox-expired',
  /** The tier has no free-for-all mode: an edit with `free_for_all: true` answers code 2. */
  basic: 'sandbox-basic',
} as const;

const known: ReadonlySet<string> = new Set(Object.values(sandboxKeys));

/** Narrows the `token` header of a request to a key that exists. */
export function isSandboxKey(token: string | string[] | undefined): token is string {
  return typeof token === 'string' && known.has(token);
}
