import { GraphQLError } from 'graphql';
import { ID_FORM } from '../luaauth/decoders.ts';
import type { DocumentErrorCode, ErrorCode, RequestErrorCode } from './codes.ts';

/** An error that is told to the client as it is. */
export function codedError(code: ErrorCode, message: string, facts: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...facts } });
}

/** A request that is refused as a whole: the answer has this HTTP status, whatever media type the client prefers. */
export function requestError(
  code: RequestErrorCode,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  facts: object = {},
): GraphQLError {
  return codedError(code, message, { http: { status, headers }, ...facts });
}

/** It travels like a validation error: with this status, or with 200 under `application/json`. */
export function documentError(code: DocumentErrorCode, status: number, message: string): GraphQLError {
  return codedError(code, message, { http: { spec: true, status } });
}

export function unauthenticated(message: string): GraphQLError {
  return codedError('UNAUTHENTICATED', message);
}

/** `argument` is the path of the offending value, such as `input.id` or `ids[3]`; `problem` says what is allowed. */
export function badUserInput(argument: string, problem: string): GraphQLError {
  return codedError('BAD_USER_INPUT', `${argument}: ${problem}`, { argument });
}

export function badId(argument: string, given: string): GraphQLError {
  return badUserInput(argument, `${quote(given)} is not an id. An id is ${ID_FORM}.`);
}

/** A value as given, on one line and at no length, for a message. */
function quote(given: string): string {
  return JSON.stringify(given.length <= 60 ? given : `${given.slice(0, 59)}…`);
}
