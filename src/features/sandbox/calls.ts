import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';
import { isObject } from './fields.ts';

/** One request that arrived, once its body was read. */
export interface SandboxCall {
  method: string;
  /** As it was sent, with the query, but for a licence key after `/users/`, which `hiddenKey` stands for. */
  path: string;
  /** The endpoint's template; undefined for a path that is no endpoint. */
  route: Route | undefined;
  /** Names are lower-case. */
  headers: IncomingHttpHeaders;
  /** The body's exact text, `''` for none. */
  text: string;
  /** The parsed body; undefined for none and for one that is not JSON. */
  body: unknown;
  /** When it arrived, by the sandbox's clock. */
  at: number;
  /** Refused by the quota. */
  limited: boolean;
  /** A message, or a part of one, went to the endpoint that disconnects everybody it names. */
  misdirected: boolean;
}

/** Whether a request is a message that went to the endpoint of `misdirected`. */
export function isMisdirected(route: Route | undefined, body: unknown): boolean {
  return route === 'POST /sessions/disconnect' && isObject(body) && ('key' in body || 'data' in body);
}

// A record of a few calls with large bodies must not outgrow one of many small calls.
const maxCharacters = 64 * 1024 * 1024;

/** The latest `maxCalls` calls, fewer when their bodies are large; `list` is one live array. */
export function createCallLog(maxCalls: number) {
  const list: SandboxCall[] = [];
  let characters = 0;
  let total = 0;
  return {
    list: list as readonly SandboxCall[],
    /** How many arrived since the last reset, dropped ones included. */
    total: () => total,
    add(call: SandboxCall): void {
      list.push(call);
      characters += call.text.length;
      total += 1;
      while (list.length > maxCalls || characters > maxCharacters) {
        characters -= list.shift()?.text.length ?? 0;
      }
    },
    clear(): void {
      list.length = 0;
      characters = 0;
      total = 0;
    },
  };
}
