import { type FieldNode, type GraphQLField, valueFromAST } from 'graphql';
import type { Scope } from '../execution/collect-fields.ts';
import { holdsVariable } from '../execution/read-arguments.ts';
import type { Arguments } from './cost.ts';

/** A field's arguments, defaults filled in. Unlike execution it never throws: what cannot be read is undefined. */
export function readArguments(
  { args }: GraphQLField<unknown, unknown>,
  node: FieldNode,
  scope: Scope,
): Arguments {
  const values = args.map(({ name, type, defaultValue }) => {
    const given = node.arguments?.find((argument) => argument.name.value === name)?.value;
    // Variables are looked at only where there are any: a price without them is kept.
    const variables = given && holdsVariable(given) ? scope.variables : {};
    return [name, (given && valueFromAST(given, type, variables)) ?? defaultValue] as const;
  });
  return Object.fromEntries(values);
}
