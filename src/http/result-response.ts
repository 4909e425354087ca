import { type ExecutionResult, GraphQLError } from 'graphql';
import type { WritableResult } from '../operation/pipeline.ts';
import { negotiateMediaType } from './media-type.ts';
import type { PlainResponse } from './response.ts';

/** What an error says for HTTP, in `extensions.http`, as Yoga defines it. No client sees it in the result. */
interface HttpExtension {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A status of GraphQL over HTTP, which `application/json` does not have. */
  readonly spec?: boolean;
}

/** A result as a response: the status and the headers that it and its errors ask for; the highest status counts. */
export function responseTo(result: ExecutionResult, mediaType: string): PlainResponse {
  return { ...responseHead(result, mediaType), body: stringifyResult(result) };
}

/** The response to an error of `requestError`, in the media type that the request's `accept` header prefers. */
export function errorResponse(error: GraphQLError, accept?: string | null): PlainResponse {
  return responseTo({ errors: [error] }, negotiateMediaType(accept) ?? 'application/json');
}

export function responseHead(result: ExecutionResult, mediaType: string): Omit<PlainResponse, 'body'> {
  const headers: Record<string, string> = { 'content-type': `${mediaType}; charset=utf-8` };
  const isPlainJson = mediaType === 'application/json';
  let status = 0;
  const apply = (http: HttpExtension, hasOwnStatus: boolean) => {
    Object.assign(headers, http.headers);
    if (hasOwnStatus) status = Math.max(status, http.status ?? 0);
  };
  const ofResult = httpOf(result);
  if (ofResult) apply(ofResult, true);
  for (const error of result.errors ?? []) {
    const http = httpOf(error);
    if (http) apply(http, !(isPlainJson && http.spec));
    // Yoga's mark of what it has made of something that is no error, such as a text that a plugin has thrown.
    else if (error.extensions?.unexpected && !('data' in result)) status = Math.max(status, 500);
  }
  return { status: status || 200, headers };
}

/** The JSON of a result, without what is meant for HTTP alone. */
export function stringifyResult(result: WritableResult): string {
  const { stringify = JSON.stringify } = result;
  if (!result.errors && !httpOf(result)) return stringify(result);
  const shown = { ...result, extensions: forClients(result.extensions) };
  if (result.errors) Object.assign(shown, { errors: result.errors.map(shownError) });
  return stringify(shown);
}

/** Whether it is no result of an operation, but what ends it. */
export function isFailure({ data, errors }: ExecutionResult): boolean {
  return errors !== undefined && data === undefined;
}

type Extensions = Readonly<Record<string, unknown>>;

function httpOf({ extensions }: { readonly extensions?: Extensions }): HttpExtension | undefined {
  return extensions?.http as HttpExtension | undefined;
}

function forClients(extensions: Extensions | undefined): Extensions | undefined {
  if (!extensions || !('http' in extensions || 'unexpected' in extensions)) return extensions;
  const { http: _http, unexpected: _unexpected, ...others } = extensions;
  return Object.keys(others).length > 0 ? others : undefined;
}

function shownError(error: GraphQLError): object {
  if (!(error instanceof GraphQLError)) return error;
  const formatted = error.toJSON();
  return { ...formatted, extensions: forClients(formatted.extensions) };
}
