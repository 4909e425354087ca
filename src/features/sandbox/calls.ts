import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';
import { decodeSegment } from './router.ts';

export interface SandboxCall {
  method: string;
  /** The path with its query, as sent. `hiddenKey` replaces a licence key after `/users/`. */
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

// A few calls with large bodies must not use more memory than many small calls.
const MAX_CHARACTERS = 64 * 1024 * 1024;

/** Keeps the latest `maxCalls` calls, fewer if their bodies are large. `list` is always the same array. */
export function createCallLog(maxCalls: number) {
  const list: SandboxCall[] = [];
  let characters = 0;
  let total = 0;
  return {
    list: list as readonly SandboxCall[],
    /** The number of calls since the last reset, including dropped ones. */
    total: () => total,
    add(call: SandboxCall): void {
      list.push(call);
      characters += call.text.length;
      total += 1;
      while (list.length > maxCalls || characters > MAX_CHARACTERS) {
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

/** Replaces a licence key in the call record. Equal keys have equal replacements, which do not reveal the key. */
export function hiddenKey(licenceKey: string): string {
  return `hidden-${createHash('sha256').update(licenceKey).digest('hex').slice(0, 8)}`;
}

/** Hides the licence key in a path, even if the path is no endpoint. */
export function hidePathKey(path: string): string {
  return path.replace(
    /^(\/users\/)([^/?]+)/,
    (_path, users: string, segment: string) => users + hiddenKey(decodeSegment(segment) ?? segment),
  );
}
