/** The scopes of gateway keys. docs/keys-for-a-team.md has their meanings. */
export const SCOPES = [
  'scripts:read',
  'scripts:write',
  'scripts:source',
  'scripts:delete',
  'projects:read',
  'projects:write',
  'projects:delete',
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:write',
  'ads:read',
  'ads:write',
  'secrets:read',
  'metrics:read',
] as const;

export type KeyScope = (typeof SCOPES)[number];

/** Stands for all scopes, including scopes of later versions. */
export const EVERY_SCOPE = '*';

export function isScope(text: string): text is KeyScope {
  return SCOPES.some((scope) => scope === text);
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
