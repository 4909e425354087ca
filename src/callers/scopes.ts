/** The scopes of gateway keys, with their meanings. */
export const MEANINGS = {
  'scripts:read': 'read scripts and their executions',
  'scripts:write': 'edit and toggle scripts',
  'scripts:source': 'replace the source code of scripts',
  'scripts:delete': 'delete scripts',
  'projects:read': 'read projects and their executions',
  'projects:write': 'edit projects',
  'projects:delete': 'delete projects',
  'users:read': 'read users and all licence keys',
  'users:write': 'edit and blacklist users',
  'sessions:read': 'read sessions',
  'sessions:write': 'disconnect sessions and send them messages',
  'ads:read': 'read ad systems and the settings of ad providers',
  'ads:write': 'create and edit ad systems',
  'secrets:read': 'read webhooks and fingerprints',
} as const;

export type KeyScope = keyof typeof MEANINGS;

/** Stands for all scopes, including scopes of later versions. */
export const EVERY_SCOPE = '*';

export const SCOPES = Object.keys(MEANINGS) as readonly KeyScope[];

export function isScope(text: string): text is KeyScope {
  return Object.hasOwn(MEANINGS, text);
}

type Annotation = { readonly scopes: readonly KeyScope[] };

/**
 * Scopes of a gateway key, besides the scopes of the parent fields. No scopes: every key may select the field. On a type:
 * the scopes of its fields without their own, and of its references in `_entities`.
 */
export function requiresScopes(...scopes: readonly KeyScope[]): Annotation {
  return { scopes };
}

/** The `extensions` of a type whose fields require no scopes besides the field that returns it. */
export const inheritsScopes = { inheritsScopes: true };

interface Element {
  readonly extensions: object;
}

/** The scopes that a field or a type declares itself. */
export function scopesOf({ extensions }: Element): readonly KeyScope[] | undefined {
  return (extensions as Partial<Annotation>).scopes;
}

/** The scopes of a field, or else of its type. Undefined if neither declares any. */
export function scopesOfField(type: Element, field: Element): readonly KeyScope[] | undefined {
  return (
    scopesOf(field) ??
    scopesOf(type) ??
    ((type.extensions as Partial<typeof inheritsScopes>).inheritsScopes ? NONE : undefined)
  );
}

const NONE: readonly KeyScope[] = [];
