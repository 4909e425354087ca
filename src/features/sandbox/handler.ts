import type { Route } from '../../luaauth/endpoints.ts';
import type { SandboxValues } from './fields.ts';
import type { DelayedReply, SandboxReply } from './reply.ts';
import type { SandboxState } from './state.ts';

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
