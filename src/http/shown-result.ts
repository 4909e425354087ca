import { type ExecutionResult, GraphQLError } from 'graphql';
import type { WritableResult } from '../operation/pipeline.ts';
import type { MediaType } from './negotiation.ts';

/** By names in lower case. */
export type Headers = Readonly<Record<string, string>>;

/** `extensions.http` of an error, as Yoga defines it. Clients do not see it. */
interface HttpExtension {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the status applies only to `application/graphql-response+json`. */
  readonly spec?: boolean;
  /** The status under `application/json`, if it differs. */
  readonly jsonStatus?: number;
}

/** Data with errors under `application/graphql-response+json`. Clients treat it as success, and logs can distinguish it. */
const PARTIAL_SUCCESS = 294;

export function responseHead(result: ExecutionResult, mediaType: MediaType) {
  const headers: Record<string, string> = { 'content-type': `${mediaType}; charset=utf-8` };
  const isPlainJson = mediaType === 'application/json';
  const { data, errors } = result;
  const isPartial = !isPlainJson && data !== undefined && errors !== undefined;
  let status = isPartial ? PARTIAL_SUCCESS : 0;
  const apply = (http: HttpExtension) => {
    Object.assign(headers, http.headers);
    const { status: asked = 0, jsonStatus = http.spec ? 0 : asked } = http;
    status = Math.max(status, isPlainJson ? jsonStatus : asked);
  };
  const ofResult = httpOf(result);
  if (ofResult) apply(ofResult);
  for (const error of errors ?? []) {
    const http = httpOf(error);
    if (http) apply(http);
    // Yoga marks an error that it made of another thrown value, such as a text.
    else if (error.extensions?.unexpected && data === undefined) status = Math.max(status, 500);
  }
  return { status: status || 200, headers };
}

/** The JSON of a result, without the members for HTTP. */
export function stringifyResult(result: WritableResult): string {
  const { stringify = JSON.stringify } = result;
  return stringify(shownResult(result));
}

/** A result without the members for HTTP. Functions are not part of its JSON. */
export function shownResult(result: WritableResult): WritableResult {
  if (!result.errors && !httpOf(result)) return result;
  const shown = { ...result, extensions: forClients(result.extensions) };
  if (result.errors) Object.assign(shown, { errors: result.errors.map(shownError) });
  return shown;
}

/** Whether the result is a failure without data, which ends a stream. */
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
