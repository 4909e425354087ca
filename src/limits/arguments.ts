import { type FieldNode, type GraphQLField, valueFromAST } from 'graphql';
import type { Arguments } from './cost.ts';

/** A field's arguments, defaults filled in. Unlike execution it never throws: what cannot be read is undefined. */
export function readArguments(
  { args }: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): Arguments {
  const values = args.map(({ name, type, defaultValue }) => {
    const given = node.arguments?.find((argument) => argument.name.value === name);
    return [name, (given && valueFromAST(given.value, type, variables)) ?? defaultValue] as const;
  });
  return Object.fromEntries(values);
}
