import type { ExecutionResult } from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import type { PlainResponse } from './response.ts';

/** A result as a response: Yoga's own way from one to the other, onto an object that only keeps what it is given. */
export function responseTo(result: ExecutionResult, mediaType: string): PlainResponse {
  const made: unknown = processRegularResult(result, { Response: KeptResponse } as never, mediaType);
  return made as KeptResponse;
}

/** Whether it is no result of an operation, but what ends it. */
export function isFailure({ data, errors }: ExecutionResult): boolean {
  return errors !== undefined && data === undefined;
}

class KeptResponse implements PlainResponse {
  readonly body: string;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(body: string, init: { status: number; headers: Record<string, string> }) {
    this.body = body;
    this.status = init.status;
    this.headers = init.headers;
  }
}
