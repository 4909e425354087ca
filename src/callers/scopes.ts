/** What a gateway key may be allowed, each with what it stands for. */
const MEANINGS = {
  'scripts:read': 'read scripts and their executions',
  'scripts:write': 'edit and toggle scripts',
  'scripts:source': 'replace the source code of scripts',
  'scripts:delete': 'delete scripts',
  'projects:read': 'read projects and their executions',
  'projects:write': 'edit projects',
  'projects:delete': 'delete projects',
  'users:read': 'read users, and every licence key wherever it stands',
  'users:write': 'edit and blacklist users',
  'sessions:read': 'read sessions',
  'sessions:write': 'disconnect sessions and send them messages',
  'secrets:read': 'read webhooks and fingerprints',
} as const;

export type KeyScope = keyof typeof MEANINGS;

/** Stands for all scopes, those of later versions too. */
export const EVERY_SCOPE = '*';

export const SCOPES = Object.keys(MEANINGS) as readonly KeyScope[];

export function isScope(text: string): text is KeyScope {
  return Object.hasOwn(MEANINGS, text);
}

export function meaningOf(scope: KeyScope): string {
  return MEANINGS[scope];
}
