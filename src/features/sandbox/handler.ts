import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError, WireFailure, WireInvalidField, WireSuccess } from '../../luaauth/wire.ts';
import type { SandboxValues } from './fields.ts';
import type { SandboxState } from './state.ts';

/** The two envelopes of docs/luaauth-api.md#failures. */
export type SandboxReply = WireSuccess | WireFailure;

export interface DelayedReply {
  afterMs: number;
  reply: SandboxReply;
}

const refused = 'unauthorized or invalid request';
const invalidKey = 'invalid api key';

export function success(payload: object = {}): WireSuccess {
  return { success: true, ...payload };
}

export function failure(code: number, message: string, failed?: WireError['failed']): WireFailure {
  return { success: false, error: failed ? { code, message, failed } : { code, message } };
}

/** The object is unknown or belongs to another account. LuaAuth does not document the texts; the code is from its sample. */
export function unauthorized(...reasons: string[]): WireFailure {
  return failure(0, refused, reasons);
}

/** Invalid data: an object for each field. */
export function invalid(fields: WireInvalidField[]): WireFailure {
  return failure(0, refused, fields);
}

/** This refusal has a different code at each endpoint. */
export function accountExpired(code: number): WireFailure {
  return failure(code, 'account expired');
}

/** `advice` is a second reason, for people. */
export function unknownKey(advice: string | undefined): WireFailure {
  return unauthorized(invalidKey, ...(advice === undefined ? [] : [advice]));
}

export const internalServerError = failure(-1, 'internal server error');
export const invalidEndpoint = failure(-1, 'invalid endpoint');
export const rateLimited = failure(-1, 'ratelimited');

/** The status of a failure with `failureStatus: 'http'`. LuaAuth documents none. */
export function httpStatus({ message, failed = [] }: WireError): number {
  if (message === 'internal server error') return 500;
  if (message === 'invalid endpoint') return 404;
  if (message === 'ratelimited') return 429;
  if (failed.includes(invalidKey)) return 401;
  return failed.some((reason) => typeof reason === 'string') ? 403 : 400;
}

/** Choices where docs/luaauth-api.md#the-luaauth-rest-api does not say how an endpoint behaves. */
export interface Behaviour {
  maxLimit: number;
  guestEveryMs: number;
  /** How long a disconnected session is still listed. */
  disconnectMs: number;
  updateDelayMs: number;
  /** How long a client takes to answer a message. */
  messageDelayMs: number;
  /** How long the API waits for a client. */
  messageTimeoutMs: number;
}

/** A request with a known key and a JSON object as body, which is empty if none was sent. */
export interface SandboxRequest {
  state: SandboxState;
  key: string;
  id: string;
  query: URLSearchParams;
  body: SandboxValues;
  /** The time in ms, by the sandbox's clock. */
  now: number;
  behaviour: Behaviour;
}

export type Handler = (request: SandboxRequest) => SandboxReply | DelayedReply;

export type Handlers = Partial<Record<Route, Handler>>;
