import { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import type { Grant } from './grant.ts';
import type { NeededScopes } from './needed-scopes.ts';
import type { KeyScope } from './scopes.ts';

/** How many fields are named: a document can have a thousand. */
const MAX_NAMED = 50;

/** Knows what a gateway key needs for it. */
interface NeedsScopes {
  neededScopes(): NeededScopes;
}

/** Why an operation does not run for a caller, if it asks for more than the caller may. */
export function checkScopes(operation: NeedsScopes, { name, scopes }: Grant): GraphQLError | undefined {
  if (!scopes) return undefined;
  const { all, fields } = operation.neededScopes();
  const missing = [...all].filter((scope) => !scopes.has(scope));
  if (missing.length === 0) return undefined;
  const missingAt = fields.flatMap(({ path, scopes: own }): [string, readonly KeyScope[]][] => {
    const lacking = own.filter((scope) => !scopes.has(scope));
    return lacking.length > 0 ? [[path, lacking]] : [];
  });
  const error = forbiddenBy(name, missing, Object.fromEntries(missingAt.slice(0, MAX_NAMED)));
  return new GraphQLError(error.message, {
    extensions: { ...error.extensions, http: { spec: true, status: 403 } },
  });
}

/** A gateway key lacks scopes, by the paths of the fields that need them. */
export function forbiddenBy(
  name: string | undefined,
  missing: readonly KeyScope[],
  missingScopes: Readonly<Record<string, readonly KeyScope[]>>,
): GraphQLError {
  const [one, ...more] = missing;
  const what =
    more.length === 0
      ? `the scope ${one}`
      : `the scopes ${missing.slice(0, -1).join(', ')} and ${more.at(-1)}`;
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} lacks ${what}. Nothing was asked of LuaAuth. Leave out the fields in missingScopes, or use a key that may have them.`,
    { missingScopes },
  );
}
