import { clientOf } from './client-info.ts';
import type { RequestRecord, WriteFacts } from './request-record.ts';

const MAX_NAME_LENGTH = 100;

/** What is kept of a write for good: who did what to what, and how it ended. */
export function auditLine(record: RequestRecord, { mutation, ids, result, errorCode, outcome }: WriteFacts) {
  return {
    requestId: record.requestId,
    caller: record.caller ?? null,
    ...clientOf(record),
    operationName: record.operation?.name?.slice(0, MAX_NAME_LENGTH),
    mutation,
    ids,
    result,
    errorCode,
    outcome,
  };
}
