import type { FieldNode, GraphQLError } from 'graphql';
import type { Grant } from '../callers/grant.ts';
import { type KeyScope, scopesOfField } from '../callers/scopes.ts';
import { codedError } from '../errors/coded-error.ts';
import { type ObjectPlan, objectsOf, type Selection } from './tree.ts';

export interface RequiredScopes {
  readonly all: ReadonlySet<KeyScope>;
  /** The scopes of each field that needs some, by the path of response keys. */
  readonly byPath: ReadonlyMap<string, ReadonlySet<KeyScope>>;
}

/** With every condition open. Fields of a fragment are named where it is spread first. */
export function requiredScopesOf({ root }: Selection): RequiredScopes {
  const all = new Set<KeyScope>();
  const byPath = new Map<string, Set<KeyScope>>();
  const firstPaths = new Map<FieldNode, string>();

  function addObject({ fields }: ObjectPlan, above: string): void {
    for (const { key, parentType, definition, nodes, value } of fields) {
      if (definition.name.startsWith('__')) continue;
      const path = above === '' ? key : `${above}.${key}`;
      for (const node of nodes) if (!firstPaths.has(node)) firstPaths.set(node, path);
      const isNamed = nodes.some((node) => firstPaths.get(node) === path);
      for (const scope of scopesOfField(parentType, definition) ?? []) {
        all.add(scope);
        if (isNamed) byPath.set(path, (byPath.get(path) ?? new Set()).add(scope));
      }
      for (const object of objectsOf(value).values()) addObject(object, path);
    }
  }

  addObject(root, '');
  return { all, byPath };
}

/** How many fields the error names. A document may have a thousand. */
const MAX_NAMED = 50;

/** The error for an operation that needs more scopes than the caller has, else undefined. */
export function checkScopes({ all, byPath }: RequiredScopes, { name, scopes }: Grant) {
  if (!scopes) return undefined;
  const missing = [...all].filter((scope) => !scopes.has(scope));
  if (missing.length === 0) return undefined;
  const missingAt = [...byPath].flatMap(([path, own]): [string, readonly KeyScope[]][] => {
    const lacking = [...own].filter((scope) => !scopes.has(scope));
    return lacking.length > 0 ? [[path, lacking]] : [];
  });
  const error = forbiddenBy(name, missing, Object.fromEntries(missingAt.slice(0, MAX_NAMED)));
  error.extensions.http = { spec: true, status: 403 };
  return error;
}

export function forbiddenBy(
  name: string | undefined,
  missing: readonly KeyScope[],
  missingScopes: Readonly<Record<string, readonly KeyScope[]>>,
): GraphQLError {
  // Intl.ListFormat takes 50 ms of the start to load.
  const last = missing.at(-1);
  const what =
    missing.length > 1 ? `the scopes ${missing.slice(0, -1).join(', ')} and ${last}` : `the scope ${last}`;
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} lacks ${what}. Nothing was sent to LuaAuth. Leave out the fields in missingScopes, or use a key with these scopes.`,
    { missingScopes },
  );
}
