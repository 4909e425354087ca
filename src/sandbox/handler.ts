import type { SandboxValues } from './fields.ts';
import type { SandboxReply } from './reply.ts';
import type { SandboxState } from './state.ts';

/** A request whose key is known and whose body is a JSON object, empty when none was sent. */
export interface SandboxRequest {
  state: SandboxState;
  key: string;
  /** The one parameter of the path, `''` for a path without. */
  id: string;
  query: URLSearchParams;
  body: SandboxValues;
  /** The most rows that a list may have. */
  maxLimit: number;
}

/** One endpoint. */
export type Handler = (request: SandboxRequest) => SandboxReply;
