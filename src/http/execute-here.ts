import type { ExecutionResult } from 'graphql';
import { type ClientRequest, credentialsIn } from '../client-request.ts';
import { CLIENT_LEFT } from '../observability/request-record.ts';
import { paramsFromJson } from '../operation/params.ts';
import { OPERATION_PATH } from './address.ts';
import type { Door } from './doors.ts';
import { requestIdFor } from './response.ts';
import { shownResult } from './shown-result.ts';

/**
 * Runs a query or a mutation for code of this process, such as a bot or a job: without HTTP, but with all else that an operation
 * over HTTP has. Never rejects. An integer past 2^53 that a script returned is a bigint in the result.
 * @param caller - the key that a client would send, and a signal that gives the operation up
 */
export type ExecuteHere = (
  document: string,
  variables?: Readonly<Record<string, unknown>>,
  caller?: { readonly key?: string; readonly signal?: AbortSignal },
) => Promise<ExecutionResult>;

export function createExecuteHere({ pipeline, tracker }: Pick<Door, 'pipeline' | 'tracker'>): ExecuteHere {
  return async (query, variables, { key, signal = new AbortController().signal } = {}) => {
    const request: ClientRequest = {
      method: 'POST',
      path: OPERATION_PATH,
      signal,
      credentials: credentialsIn(null, key ?? null),
      address: '',
      header: () => null,
    };
    const record = tracker.begin(request, requestIdFor(undefined));
    try {
      const params = paramsFromJson({ query, variables }, 'payload');
      const { stringify: _ofHttp, ...result } = shownResult(await pipeline.run({ params, record }));
      return result;
    } catch (error) {
      return shownResult(pipeline.failed(error, record));
    } finally {
      tracker.end(record, signal.aborted ? CLIENT_LEFT : 200);
    }
  };
}
