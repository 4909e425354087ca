import type { Route } from '../../luaauth/endpoints.ts';
import type { SandboxValues } from './fields.ts';
import type { DelayedReply, SandboxReply } from './reply.ts';
import type { SandboxState } from './state.ts';

/** Choices where docs/luaauth-api.md#the-luaauth-rest-api leaves the behaviour of an endpoint open. */
export interface Behaviour {
  /** The most rows that a list may have. */
  maxLimit: number;
  /** How often a guest comes; 0: never. */
  guestEveryMs: number;
  /** How long a disconnected session goes on appearing. */
  disconnectMs: number;
  /** How long an update takes. */
  updateDelayMs: number;
  /** How long a client takes to answer a message. */
  messageDelayMs: number;
  /** How long the API waits for a client. */
  messageTimeoutMs: number;
}

/** A request whose key is known and whose body is a JSON object, empty when none was sent. */
export interface SandboxRequest {
  state: SandboxState;
  key: string;
  /** The one parameter of the path, `''` for a path without. */
  id: string;
  query: URLSearchParams;
  body: SandboxValues;
  /** The time by the sandbox's clock, in ms. */
  now: number;
  behaviour: Behaviour;
}

/** One endpoint. */
export type Handler = (request: SandboxRequest) => SandboxReply | DelayedReply;

/** Those of a resource. */
export type Handlers = Partial<Record<Route, Handler>>;
