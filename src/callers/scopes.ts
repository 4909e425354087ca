/** The scopes that a gateway key can have, each with its meaning. */
export const MEANINGS = {
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
  'ads:read': 'read ad systems, and what providers of ads take',
  'ads:write': 'make and edit ad systems',
  'secrets:read': 'read webhooks and fingerprints',
} as const;

export type KeyScope = keyof typeof MEANINGS;

/** Stands for all scopes, those of later versions too. */
export const EVERY_SCOPE = '*';

export const SCOPES = Object.keys(MEANINGS) as readonly KeyScope[];

export function isScope(text: string): text is KeyScope {
  return Object.hasOwn(MEANINGS, text);
}

type Annotation = { readonly scopes: readonly KeyScope[] };

/**
 * A field's `extensions` name the scopes that it requires of a gateway key, beside those of the fields that lead to it; none:
 * every key can ask for it. On a type: the scopes of its fields that name none, and of its references in `_entities`.
 */
export function requiresScopes(...scopes: readonly KeyScope[]): Annotation {
  return { scopes };
}

/** A type's `extensions` when its fields require no more than the field that gives it. */
export const inheritsScopes = { inheritsScopes: true };

interface Element {
  readonly extensions: object;
}

/** The scopes that stand in the extensions of a field or an entity; undefined: nothing is said. */
function scopesOf({ extensions }: Element): readonly KeyScope[] | undefined {
  return (extensions as Partial<Annotation>).scopes;
}

/** The scopes of a field, or else of its type; undefined: nothing is said. */
export function scopesOfField(type: Element, field: Element): readonly KeyScope[] | undefined {
  return (
    scopesOf(field) ??
    scopesOf(type) ??
    ((type.extensions as Partial<typeof inheritsScopes>).inheritsScopes ? NONE : undefined)
  );
}

const NONE: readonly KeyScope[] = [];
