import { type GraphQLSchema, getArgumentValues } from 'graphql';
import { idsIn } from '../callers/write-ids.ts';
import { collectFields } from '../execution/collect-fields.ts';
import type { WriteFacts } from '../observability/request-record.ts';
import type { KnownOperation } from './document-cache.ts';
import { coerceVariables } from './variables.ts';

/** The writes of an operation that does not run, as the audit log has them. */
export function refusedWrites(
  schema: GraphQLSchema,
  { node, prepared }: KnownOperation,
  given: Readonly<Record<string, unknown>> | undefined,
  errorCode: string,
): WriteFacts[] {
  const type = node.operation === 'mutation' ? schema.getMutationType() : undefined;
  if (!type) return [];
  const read = coerceVariables(schema, node, given);
  const variables = 'coerced' in read ? read.coerced : {};
  const fragments = new Map(Object.entries(prepared.fragments));
  const selected = [...collectFields({ schema, fragments, variables }, type, [node.selectionSet]).values()];
  return selected.flatMap(([field]) => {
    const definition = field && type.getFields()[field.name.value];
    if (!definition) return [];
    const ids = idsOrNone(() => getArgumentValues(definition, field, variables));
    return [{ mutation: definition.name, ids, result: undefined, errorCode, outcome: 'NOT_EXECUTED' }];
  });
}

/** Arguments that cannot be read name nothing. */
function idsOrNone(read: () => Record<string, unknown>): readonly string[] {
  try {
    return idsIn(read());
  } catch {
    return [];
  }
}
