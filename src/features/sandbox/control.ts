import type { IncomingHttpHeaders } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';
import { invalid, isObject, Refusal } from './endpoint.ts';
import type { createFaults, Fault, Mishap } from './faults.ts';

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

/** Keeps the latest `MAX_CALLS` calls, fewer if their bodies are large. `list` is always the same array. */
export function createCallLog() {
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
      while (list.length > MAX_CALLS || characters > MAX_CHARACTERS) {
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

interface Controlled {
  calls: ReturnType<typeof createCallLog>;
  faults: ReturnType<typeof createFaults>;
  reset: () => void;
}

/** Whether a path belongs to the control API, which needs no key, is not recorded and uses no quota. */
export const isControl = (path: string) => path.startsWith('/_sandbox/');

/** Answers a request to the control API: docs/sandbox.md. @throws a refusal of an unknown path or a wrong fault */
export function control(route: string, body: unknown, { calls, faults, reset }: Controlled): object {
  switch (route) {
    case 'GET /_sandbox/calls':
      return {
        total: calls.total(),
        calls: calls.list.map(({ text: _text, headers: { token: _token, ...headers }, ...call }) => ({
          ...call,
          headers,
        })),
      };
    case 'POST /_sandbox/faults': {
      const problem = faults.isFull() ? 'too many faults are due: reset the sandbox' : problemOf(body);
      if (problem !== undefined) throw invalid([{ field: 'fault', errors: [problem] }]);
      // `problemOf` has checked its members.
      faults.add(body as Fault);
      return {};
    }
    case 'POST /_sandbox/reset':
      reset();
      return {};
    default:
      throw new Refusal(-1, 'invalid endpoint');
  }
}

/** The kinds of fault that JSON can describe, and what their members must be. */
const KINDS: Partial<Record<Mishap['kind'], (members: Readonly<Record<string, unknown>>) => boolean>> = {
  failure: ({ code, message, status = 400 }) =>
    Number.isSafeInteger(code) && typeof message === 'string' && isStatus(status),
  proxy: ({ status, by = 'none', page = 'challenge' }) =>
    isStatus(status) &&
    ['cloudflare', 'none'].includes(String(by)) &&
    ['challenge', 'code 1020'].includes(String(page)),
  reset: () => true,
  hang: () => true,
  delay: ({ ms }) => isWhole(ms, 0, 600_000),
};

function problemOf(value: unknown): string | undefined {
  if (!isObject(value)) return 'a fault is an object';
  const { kind, times = 1, handled = false, method = '', route = '' } = value;
  const [, isFit] = Object.entries(KINDS).find(([name]) => name === kind) ?? [];
  if (!isFit) return `kind is one of ${Object.keys(KINDS).join(', ')}`;
  if (!isFit(value)) return `a member of this ${kind} is missing or wrong`;
  if (!isWhole(times, 1, 10_000)) return 'times is a whole number from 1 to 10000';
  if (typeof handled !== 'boolean') return 'handled is true or false';
  if (typeof method !== 'string' || typeof route !== 'string') return 'method and route are strings';
  return undefined;
}

const isStatus = (value: unknown) => isWhole(value, 400, 599);

const isWhole = (value: unknown, least: number, most: number) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
