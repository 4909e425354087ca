import { afterEach, beforeEach } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/features/sandbox/server.ts';

export interface Ask {
  body?: unknown;
  /** Instead of `body`, as it is. */
  text?: string | Buffer;
  token?: string | null;
  on?: Sandbox;
  signal?: AbortSignal;
}

/** A sandbox without a gateway, new for each test, and how to ask it. */
export function useStandIn(options: SandboxOptions = {}) {
  const open: Sandbox[] = [];
  const fixture = { sandbox: {} as Sandbox };

  /** One more, closed after the test. */
  const start = async (others?: SandboxOptions): Promise<Sandbox> => {
    const started = await startSandbox(others);
    open.push(started);
    return started;
  };
  const ask = (endpoint: string, asked: Ask = {}): Promise<Response> => {
    const { body, text, token = sandboxKeys.full, on = fixture.sandbox, signal } = asked;
    const [method, path] = endpoint.split(' ');
    return fetch(on.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { token }) },
      body: (text ?? (body === undefined ? undefined : JSON.stringify(body))) as BodyInit | undefined,
      signal,
    });
  };
  /** Status and body, which is all that an answer is. */
  const answer = async (endpoint: string, asked?: Ask) => {
    const response = await ask(endpoint, asked);
    return [response.status, JSON.parse(await response.text())];
  };

  beforeEach(async () => {
    fixture.sandbox = await start({ rate: 0, ...options });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((started) => started.close()));
  });
  return Object.assign(fixture, { start, ask, answer });
}

export const ok = (payload: object = {}) => [200, { success: true, ...payload }];

export const failed = (code: number, message: string, reasons?: unknown[], status = 200) => [
  status,
  { success: false, error: reasons ? { code, message, failed: reasons } : { code, message } },
];

export const refused = (...reasons: unknown[]) => failed(0, 'unauthorized or invalid request', reasons);

export const field = (name: string, ...errors: unknown[]) => ({ field: name, errors });

export const accountExpired = (code: number) => failed(code, 'account expired');
