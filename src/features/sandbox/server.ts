import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCallLog, hidePathKey, isMisdirected, type SandboxCall } from './calls.ts';
import { answerControl, isControl } from './control.ts';
import { createFaults, type Fault, type Rendered, replyWithFault, send } from './faults.ts';
import { handle } from './handle.ts';
import {
  type DelayedReply,
  httpStatus,
  internalServerError,
  rateLimited,
  type SandboxReply,
} from './handler.ts';
import { createWait, readBody, realTimer, type SetTimer, toJson } from './http.ts';
import { createQuota, isSandboxKey } from './keys.ts';
import { createRouter } from './router.ts';
import { seed } from './seed.ts';
import { clearState, createState, type SandboxState } from './state.ts';

/** How often a guest arrives when people look at live data. */
export const GUEST_EVERY_MS = 4_000;

export type SandboxDates = 'fixed' | 'recent';

/** Options for behaviour that docs/luaauth-api.md#the-luaauth-rest-api does not describe, and for tests. */
export interface SandboxOptions {
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
  after?: SetTimer;
  /** With `ok`, the default, failures have status 200; with `http` a fitting 4xx or 5xx. */
  failureStatus?: 'ok' | 'http';
  /** A delay of every answer, by default 0. */
  latencyMs?: number;
  /** The most sessions in an answer, whatever `limit` says; by default 100. */
  maxLimit?: number;
  /** How many calls the record keeps, by default 10,000. */
  maxCalls?: number;
  /** How often a guest visits `seeded.visitedScriptId`, for five times as long; by default 0: never. */
  guestEveryMs?: number;
  /** How long a disconnected session is still listed, by default 5,000 ms; 0: not at all. */
  disconnectMs?: number;
  /** How long an update of a source takes, by default 0. */
  updateDelayMs?: number;
  /** How long a client takes to answer a message, by default 50 ms. */
  messageDelayMs?: number;
  /** How long the API waits for a silent client, by default the documented 60,000 ms. */
  messageTimeoutMs?: number;
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
  /** Replaces `latencyMs` until the next reset. */
  latency(ms: number): void;
  /** Resets state, calls, faults, quota and latency. */
  reset(): void;
  close(): Promise<void>;
}

/** Starts the sandbox. Rejects if it cannot listen on the port. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', rate = 50, failureStatus = 'ok' } = options;
  const { now = Date.now, after = realTimer, latencyMs = 0, maxCalls = 10_000 } = options;
  const { maxLimit = 100, disconnectMs = 5_000, messageDelayMs = 50, messageTimeoutMs = 60_000 } = options;
  const { guestEveryMs = 0, updateDelayMs = 0, dates = 'fixed', unknownKeyAdvice } = options;
  const behaviour = { maxLimit, guestEveryMs, disconnectMs, updateDelayMs, messageDelayMs, messageTimeoutMs };
  const state = createState();
  const calls = createCallLog(maxCalls);
  const quota = createQuota(rate);
  const faults = createFaults();
  const match = createRouter();
  const wait = createWait(after);
  let latency = latencyMs;

  const reset = () => {
    clearState(state);
    seed(state, dates === 'recent' ? now() : undefined);
    calls.clear();
    quota.clear();
    faults.clear();
    latency = latencyMs;
  };
  reset();

  const render = (answer: SandboxReply | DelayedReply): Rendered => {
    if ('reply' in answer) return { ...render(answer.reply), afterMs: answer.afterMs };
    const status = answer.success || failureStatus === 'ok' ? 200 : httpStatus(answer.error);
    const body = toJson(answer);
    return body === undefined ? render(internalServerError) : { status, body, afterMs: 0 };
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const at = now();
    const { method = 'GET', url: path = '/', headers } = request;
    if (isControl(path))
      return readBody(request, ({ value }) =>
        send(response, render(answerControl(method, path, value, { calls, faults, reset }))),
      );

    const matched = match(method, path);
    // Unknown keys are refused anyway, and counting them would use unlimited memory.
    const limited = isSandboxKey(headers.token) && !quota.take(headers.token, at);
    readBody(request, (body) => {
      const { text, value } = body;
      const route = matched?.route;
      const misdirected = isMisdirected(route, value);
      calls.add({
        method,
        path: hidePathKey(path),
        route,
        headers,
        text,
        body: value,
        at,
        limited,
        misdirected,
      });
      const fault = limited ? undefined : faults.take(method, route);
      const arrived = { state, matched, token: headers.token, body, path, behaviour, unknownKeyAdvice };
      const answer = () => render(limited ? rateLimited : handle({ ...arrived, now: now() }));
      wait(response, latency, () => {
        if (fault) return replyWithFault(response, fault, { answer, render, wait });
        const rendered = answer();
        wait(response, rendered.afterMs, () => send(response, rendered));
      });
    });
  };

  const server = createServer({ keepAliveTimeout: 60_000 }, onRequest);
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
    latency(ms) {
      latency = ms;
    },
    reset,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
