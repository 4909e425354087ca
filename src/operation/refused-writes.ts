import { idsIn } from '../callers/write-ids.ts';
import type { WriteFacts } from '../observability/request-record.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import { coerceVariables } from '../plan/variables.ts';

export function refusedWrites(
  prepared: PreparedOperation,
  given: Readonly<Record<string, unknown>> | undefined,
  errorCode: string,
): WriteFacts[] {
  if (prepared.facts.type !== 'mutation') return [];
  const read = coerceVariables(prepared, given);
  const variables = 'coerced' in read ? read.coerced : {};
  return prepared.treeFor(variables).fields.map(({ key, definition, readArguments }) => {
    let ids: readonly string[] = [];
    try {
      ids = idsIn(readArguments(variables));
    } catch {
      // Invalid arguments have no ids.
    }
    const write = { mutation: definition.name, path: [key], ids };
    return { ...write, result: undefined, errorCode, outcome: 'NOT_EXECUTED' };
  });
}
