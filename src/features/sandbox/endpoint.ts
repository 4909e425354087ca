import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError, WireFailure, WireInvalidField } from '../../luaauth/wire.ts';
import { sandboxKeys } from './keys.ts';
import type { SandboxState } from './state.ts';

/** The members of a body or query, which any client may have sent. */
export type SandboxValues = Record<string, unknown>;

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

/** An answer that comes after some time. */
export class Later {
  readonly afterMs: number;
  readonly payload: object;

  constructor(afterMs: number, payload: object) {
    this.afterMs = afterMs;
    this.payload = payload;
  }
}

/** Returns what the answer has besides `success`, or throws a `Refusal`. */
export type Endpoint = (request: SandboxRequest) => object | Later;

export type Endpoints = Partial<Record<Route, Endpoint>>;

/** Thrown where an answer is a failure: docs/luaauth-api.md#failures. */
export class Refusal extends Error {
  readonly reply: WireFailure;

  constructor(code: number, message: string, failed?: WireError['failed']) {
    super(message);
    this.reply = { success: false, error: failed ? { code, message, failed } : { code, message } };
  }
}

const REFUSED = 'unauthorized or invalid request';
export const INVALID_KEY = 'invalid api key';

/** LuaAuth does not document the texts of the reasons; the code is from its sample. */
export const unauthorized = (...reasons: string[]) => new Refusal(0, REFUSED, reasons);

/** Invalid data: an object for each field. */
export const invalid = (fields: WireInvalidField[]) => new Refusal(0, REFUSED, fields);

/** @throws if the object is unknown, or belongs to another account */
export function find<Row>(rows: ReadonlyMap<string, Row>, id: string, kind: string): Row {
  const row = rows.get(id);
  if (row === undefined) throw unauthorized(`${kind} does not exist or is not yours`);
  return row;
}

/** @throws if the account has expired. This refusal has a different code at each endpoint. */
export function checkAccount({ key }: SandboxRequest, code: number): void {
  if (key === sandboxKeys.expired) throw new Refusal(code, 'account expired');
}
