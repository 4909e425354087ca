import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';

export interface SandboxCall {
  method: string;
  /** The path with its query, as sent. */
  path: string;
  /** The endpoint's template. Undefined if the path is no endpoint. */
  route: Route | undefined;
  headers: IncomingHttpHeaders;
  /** The exact text of the body; `''` without a body. */
  text: string;
  /** The parsed body. Undefined without a body or with invalid JSON. */
  body: unknown;
  /** Arrival time by the sandbox's clock. */
  at: number;
  limited: boolean;
}

const MAX_CALLS = 10_000;
// A few calls with large bodies must not use more memory than many small calls.
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Keeps the latest `MAX_CALLS` calls, fewer if their bodies are large. */
export class CallLog {
  /** Oldest first; always the same array. */
  readonly list: SandboxCall[] = [];
  #characters = 0;

  add(call: SandboxCall): void {
    this.list.push(call);
    this.#characters += call.text.length;
    while (this.list.length > MAX_CALLS || this.#characters > MAX_CHARACTERS)
      this.#characters -= this.list.shift()?.text.length ?? 0;
  }

  clear(): void {
    this.list.length = 0;
    this.#characters = 0;
  }
}
