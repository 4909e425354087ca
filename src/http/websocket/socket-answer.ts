import type { ExecutionResult } from 'graphql';
import { MessageType } from 'graphql-ws';
import { stringifyResult } from '../result-response.ts';

/** One result of an operation. */
export function nextMessage(id: string, result: ExecutionResult): string {
  return `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":${stringifyResult(result)}}`;
}

/** The errors that end an operation. */
export function errorMessage(id: string, result: ExecutionResult): string {
  const { errors } = JSON.parse(stringifyResult(result)) as ExecutionResult;
  return JSON.stringify({ id, type: MessageType.Error, payload: errors });
}

export function completeMessage(id: string): string {
  return JSON.stringify({ id, type: MessageType.Complete });
}
