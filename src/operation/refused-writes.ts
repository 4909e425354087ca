import { idsIn } from '../callers/write-ids.ts';
import type { WriteFacts } from '../observability/request-record.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import { coerceVariables } from '../plan/variables.ts';

const MAX_IDS = 10;

/**
 * What the audit log says of a mutation that is refused before it begins: one entry, however many writes it has, with the names of the
 * writes and the first ten ids. Undefined for a query.
 */
export function refusedWrite(
  prepared: PreparedOperation,
  given: Readonly<Record<string, unknown>> | undefined,
  errorCode: string,
): WriteFacts | undefined {
  if (prepared.facts.type !== 'mutation') return undefined;
  const read = coerceVariables(prepared, given);
  const variables = 'coerced' in read ? read.coerced : {};
  const { fields } = prepared.treeFor(variables);
  const ids: string[] = [];
  for (const { readArguments } of fields) {
    if (ids.length >= MAX_IDS) break;
    try {
      ids.push(...idsIn(readArguments(variables)));
    } catch {
      // Invalid arguments have no ids.
    }
  }
  return {
    mutation: [...new Set(fields.map(({ definition }) => definition.name))].join(', '),
    path: fields.slice(0, 1).map(({ key }) => key),
    ids: ids.slice(0, MAX_IDS),
    result: undefined,
    errorCode,
    outcome: 'NOT_EXECUTED',
  };
}
