import type { Values } from './fields.ts';
import type { Answer } from './reply.ts';
import type { SandboxState } from './state.ts';

/** A request whose key is known and whose body is a JSON object, empty when none was sent. */
export interface SandboxRequest {
  state: SandboxState;
  key: string;
  /** The one parameter of the path, `''` for a path without. */
  id: string;
  query: URLSearchParams;
  body: Values;
  /** The most rows that a list may have. */
  maxLimit: number;
}

/** One endpoint. */
export type Handler = (request: SandboxRequest) => Answer;
