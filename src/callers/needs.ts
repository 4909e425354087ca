import type { KeyScope } from './scopes.ts';

type Annotation = { readonly scopes: readonly KeyScope[] };

/**
 * What a field's `extensions` say of the scopes that a gateway key needs for it, beside those of the fields that lead to it;
 * none: it can be asked for by every key. On an entity: what it takes to read one by its reference in `_entities`.
 */
export function needs(...scopes: readonly KeyScope[]): Annotation {
  return { scopes };
}

type PartAnnotation = { readonly isPart: true };

/** A type's `extensions` when its fields are parts of what the field of that type gives, and need nothing more. */
export const needsNothingMore: PartAnnotation = { isPart: true };

interface Element {
  readonly extensions: object;
}

/** The scopes that stand in the extensions of a field or an entity; undefined: nothing is said. */
export function scopesOf({ extensions }: Element): readonly KeyScope[] | undefined {
  return (extensions as Partial<Annotation>).scopes;
}

/** The scopes of a field, or of what it is a part of; undefined: nothing is said. */
export function scopesOfField(type: Element, field: Element): readonly KeyScope[] | undefined {
  return scopesOf(field) ?? ((type.extensions as Partial<PartAnnotation>).isPart ? NONE : undefined);
}

const NONE: readonly KeyScope[] = [];
