import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Body, readBody, toJson } from './body.ts';
import { CallLog, type SandboxCall } from './calls.ts';
import { type Behaviour, invalid, isObject, Later, Refusal, unauthorized } from './endpoint.ts';
import { createFaults, type Fault, sendProxyPage } from './faults.ts';
import { createQuota, isSandboxKey } from './keys.ts';
import { match } from './router.ts';
import { seed } from './seed.ts';
import { clearState, createState, passTime, type SandboxState, visit } from './state.ts';

export type SandboxDates = 'fixed' | 'recent';

/** Options for behaviour that docs/luaauth-api.md#the-luaauth-rest-api does not describe, and for tests. */
export interface SandboxOptions extends Partial<Behaviour> {
  /** By default 0: any free port. */
  port?: number;
  /** By default `127.0.0.1`. */
  host?: string;
  /**
   * `fixed`, the default: around 2026-02-09. `recent`: they follow the clock at the start and at each reset. Sessions
   * began minutes ago, executions end yesterday, a key expires next week.
   */
  dates?: SandboxDates;
  /** The quota of an API key in any 1000 ms, by default 50; 0 means no quota. */
  rate?: number;
  /** The clock, in ms. */
  now?: () => number;
  /** The timer of delayed answers. With `now` it allows a clock that stands still. */
  after?: (delayMs: number, action: () => void) => () => void;
  /** A sentence that refusals of an unknown key add to their reasons; by default none. */
  unknownKeyAdvice?: string | undefined;
}

/** The maps are the live state, which tests may read and change. Changes that become due appear with the next request. */
export interface Sandbox extends SandboxState {
  url: string;
  port: number;
  /** Every request, oldest first; always the same array. */
  calls: readonly SandboxCall[];
  /** Adds a fault. Faults take effect in the order in which they were added. */
  fault(fault: Fault): void;
  /** Resets state, calls, faults and quota. */
  reset(): void;
  close(): Promise<void>;
}

interface Rendered {
  body: string;
  afterMs: number;
}

/** Gives what an answer has besides `success`, or throws a refusal. */
type Answer = () => object | Later;

/** Starts the sandbox. Rejects if it cannot listen on the port. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', rate = 50 } = options;
  const { now = Date.now, after = realTimer } = options;
  const { maxLimit = 100, disconnectMs = 5_000, messageDelayMs = 50, messageTimeoutMs = 60_000 } = options;
  const { guestEveryMs = 0, updateDelayMs = 0, dates = 'fixed', unknownKeyAdvice } = options;
  const behaviour = { maxLimit, guestEveryMs, disconnectMs, updateDelayMs, messageDelayMs, messageTimeoutMs };
  const state = createState();
  const calls = new CallLog();
  const quota = createQuota(rate);
  const faults = createFaults();

  const reset = () => {
    clearState(state);
    seed(state, dates === 'recent' ? now() : undefined);
    calls.clear();
    quota.clear();
    faults.clear();
  };
  reset();

  /** Checks the endpoint, the key and the body, and then calls the endpoint. */
  const answerTo = (
    { url: path = '', headers: { token } }: IncomingMessage,
    matched: ReturnType<typeof match>,
    body: Body,
  ) => {
    passTime(state, now());
    visit(state, now(), guestEveryMs);
    if (!matched) throw new Refusal(-1, 'invalid endpoint');
    if (!isSandboxKey(token)) {
      throw unauthorized('invalid api key', ...(unknownKeyAdvice === undefined ? [] : [unknownKeyAdvice]));
    }
    const { problem, value = {} } = body;
    if (problem !== undefined) throw invalid([{ field: 'body', errors: [problem] }]);
    if (!isObject(value)) throw invalid([{ field: 'body', errors: ['must be an object'] }]);
    const query = new URLSearchParams(path.includes('?') ? path.slice(path.indexOf('?') + 1) : '');
    const { endpoint, id } = matched;
    return endpoint({ state, key: token, id, query, body: value, now: now(), behaviour });
  };

  const render = (answer: Answer): Rendered => {
    try {
      const given = answer();
      const { afterMs, payload } = given instanceof Later ? given : { afterMs: 0, payload: given };
      return { body: toJson({ success: true, ...payload }), afterMs };
    } catch (error) {
      const { reply } = error instanceof Refusal ? error : new Refusal(-1, 'internal server error');
      return { body: toJson(reply), afterMs: 0 };
    }
  };

  /** Runs an action after some time, unless the connection closes first. */
  const wait = (response: ServerResponse, ms: number, action: () => void) => {
    if (ms > 0) response.once('close', after(ms, action));
    else action();
  };

  const send = (response: ServerResponse, { body, afterMs }: Rendered, status = 200) =>
    wait(response, afterMs, () => {
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
      };
      response.writeHead(status, headers).end(body);
    });

  const sendFault = (response: ServerResponse, fault: Fault, answer: Answer) => {
    if ('handled' in fault && fault.handled) render(answer);
    switch (fault.kind) {
      case 'failure': {
        const rendered = render(() => {
          throw new Refusal(fault.code, fault.message, fault.failed);
        });
        return send(response, rendered, fault.status);
      }
      case 'raw':
        return response.writeHead(fault.status ?? 200, fault.headers).end(fault.body);
      case 'proxy':
        return sendProxyPage(response, fault);
      case 'reset':
        return response.socket?.resetAndDestroy();
      case 'delay':
        return wait(response, fault.ms, () => send(response, render(answer)));
      case 'hang':
        return undefined;
    }
  };

  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const at = now();
    const { method = '', url: path = '', headers } = request;
    // Unknown keys are refused anyway, and counting them would use unlimited memory.
    const limited = isSandboxKey(headers.token) && !quota.take(headers.token, at);
    const body = await readBody(request);
    if (!body) return;
    const { text, value } = body;
    const matched = match(method, path);
    const route = matched?.route;
    calls.add({ method, path, route, headers, text, body: value, at, limited });
    const fault = limited ? undefined : faults.take(method, route);
    const answer = () => {
      if (limited) throw new Refusal(-1, 'ratelimited');
      return answerTo(request, matched, body);
    };
    if (fault) sendFault(response, fault, answer);
    else send(response, render(answer));
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void onRequest(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    ...state,
    url: `http://${host}:${address.port}`,
    port: address.port,
    calls: calls.list,
    fault: faults.add,
    reset,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function realTimer(delayMs: number, action: () => void): () => void {
  const timer = setTimeout(action, delayMs);
  return () => clearTimeout(timer);
}
