import type { ServerResponse } from 'node:http';
import type { Route } from '../../luaauth/endpoints.ts';
import type { WireError } from '../../luaauth/wire.ts';
import { isObject } from './fields.ts';
import { failure, type SandboxReply } from './handler.ts';
import type { Wait } from './http.ts';

/** The kinds of fault. `handled`: the request takes effect although no answer arrives. */
export type Mishap =
  /** A failure of the API. By default with the status of other failures. */
  | ({ kind: 'failure'; status?: number } & WireError)
  /** Any answer: a proxy's HTML page, an empty body, a redirect. */
  | { kind: 'raw'; status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer }
  /** A proxy answers instead of the API. */
  | ({ kind: 'proxy'; handled?: boolean } & ProxyAnswer)
  /** The connection is reset after the request was read. */
  | { kind: 'reset'; handled?: boolean }
  /** There is no answer, and the connection stays open. */
  | { kind: 'hang'; handled?: boolean }
  /** The headers and the first `bytes` of the body (by default half of it), then nothing more. */
  | { kind: 'stall'; bytes?: number }
  /** The normal answer, one byte every `intervalMs`. */
  | { kind: 'drip'; intervalMs: number }
  | { kind: 'delay'; ms: number }
  /** The first `bytes` of the body (by default half of it), then the connection closes. */
  | { kind: 'truncate'; bytes?: number };

/** A fault, the requests that it affects (by default all) and how many of them (`times`, by default one). */
export type Fault = Mishap & { route?: Route; method?: string; times?: number };

const MAX_FAULTS = 1_000;

/** The pending faults. The oldest matching fault affects a request. */
export function createFaults() {
  const due: { fault: Fault; left: number }[] = [];
  return {
    add(fault: Fault): void {
      due.push({ fault, left: fault.times ?? 1 });
    },
    take(method: string, route: Route | undefined): Fault | undefined {
      const entry = due.find(
        ({ fault }) => (fault.route ?? route) === route && (fault.method ?? method) === method,
      );
      if (!entry) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) due.splice(due.indexOf(entry), 1);
      return entry.fault;
    },
    isFull: () => due.length >= MAX_FAULTS,
    clear(): void {
      due.length = 0;
    },
  };
}

/** Cloudflare's name of a request that it answers itself. */
export const SANDBOX_RAY = '8f1a2b3c4d5e6f70-FRA';

export interface ProxyAnswer {
  status: number;
  /** By default `none`: a proxy without a mark, such as nginx. */
  by?: 'cloudflare' | 'none';
  /** For 403 by Cloudflare. By default `challenge`: the page with which Cloudflare tests browsers. */
  page?: 'challenge' | 'code 1020';
}

const CLOUDFLARE_TEXT: Readonly<Record<number, string>> = {
  429: 'error code: 1015',
  530: 'error code: 1033',
};

export function sendProxyPage(response: ServerResponse, { status, by = 'none', page }: ProxyAnswer): void {
  if (by === 'none') {
    const body = `<html><head><title>${status}</title></head><body><center>nginx</center></body></html>`;
    response.writeHead(status, { 'content-type': 'text/html', server: 'nginx' }).end(body);
    return;
  }
  const isChallenge = status === 403 && page !== 'code 1020';
  const headers = {
    'content-type': isChallenge ? 'text/html; charset=UTF-8' : 'text/plain; charset=UTF-8',
    server: 'cloudflare',
    'cf-ray': SANDBOX_RAY,
    ...(isChallenge && { 'cf-mitigated': 'challenge' }),
    ...(status === 429 && { 'retry-after': '1' }),
  };
  const body = isChallenge
    ? '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body></body></html>'
    : (CLOUDFLARE_TEXT[status] ?? `error code: ${status === 403 ? 1020 : status}`);
  response.writeHead(status, headers).end(body);
}

const KINDS: Readonly<
  Partial<Record<Mishap['kind'], (members: Readonly<Record<string, unknown>>) => boolean>>
> = {
  failure: ({ code, message, status }) =>
    Number.isSafeInteger(code) && typeof message === 'string' && (status === undefined || isStatus(status)),
  proxy: ({ status, by = 'none', page = 'challenge' }) =>
    isStatus(status) &&
    ['cloudflare', 'none'].includes(String(by)) &&
    ['challenge', 'code 1020'].includes(String(page)),
  reset: () => true,
  hang: () => true,
  delay: ({ ms }) => isWholeNumberUpTo(ms, 600_000),
};

/** Returns a text if the fault is wrong. */
export function faultIn(value: unknown): Fault | string {
  if (!isObject(value)) return 'a fault is an object';
  const { kind, times = 1, handled = false, method = '', route = '' } = value;
  const isFit = typeof kind === 'string' && Object.hasOwn(KINDS, kind) && KINDS[kind as Mishap['kind']];
  if (!isFit) return `kind is one of ${Object.keys(KINDS).join(', ')}`;
  if (!isFit(value)) return `a member of this ${kind} is missing or wrong`;
  if (!isWholeNumberUpTo(times, 10_000) || times === 0) return 'times is a whole number from 1 to 10000';
  if (typeof handled !== 'boolean') return 'handled is true or false';
  if (typeof method !== 'string' || typeof route !== 'string') return 'method and route are strings';
  return value as unknown as Fault;
}

function isStatus(value: unknown): boolean {
  return isWholeNumberUpTo(value, 599) && value >= 400;
}

function isWholeNumberUpTo(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

export interface Rendered {
  status: number;
  body: string;
  afterMs: number;
}

const contentType = 'application/json; charset=utf-8';

function start(response: ServerResponse, status: number, length: number): ServerResponse {
  return response.writeHead(status, { 'content-type': contentType, 'content-length': length });
}

export function send(response: ServerResponse, { status, body }: Rendered): void {
  start(response, status, Buffer.byteLength(body)).end(body);
}

interface Replying {
  answer: () => Rendered;
  render: (answer: SandboxReply) => Rendered;
  wait: Wait;
}

export function replyWithFault(
  response: ServerResponse,
  fault: Fault,
  { answer, render, wait }: Replying,
): void {
  const answerWith = (write: (rendered: Rendered) => void) => {
    const rendered = answer();
    wait(response, rendered.afterMs, () => write(rendered));
  };
  switch (fault.kind) {
    case 'failure': {
      const rendered = render(failure(fault.code, fault.message, fault.failed));
      send(response, { ...rendered, status: fault.status ?? rendered.status });
      return;
    }
    case 'raw':
      response.writeHead(fault.status ?? 200, fault.headers).end(fault.body);
      return;
    case 'proxy':
      if (fault.handled) answer();
      sendProxyPage(response, fault);
      return;
    case 'reset':
      if (fault.handled) answer();
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      if (fault.handled) answer();
      return;
    case 'stall':
      answerWith((rendered) => sendPart(response, rendered, fault.bytes));
      return;
    case 'truncate':
      answerWith((rendered) => sendPart(response, rendered, fault.bytes, () => response.destroy()));
      return;
    case 'drip':
      answerWith((rendered) => drip(response, rendered, fault.intervalMs));
      return;
    case 'delay':
      wait(response, fault.ms, () => answerWith((rendered) => send(response, rendered)));
      return;
  }
}

function sendPart(response: ServerResponse, rendered: Rendered, size?: number, sent?: () => void): void {
  const body = Buffer.from(rendered.body);
  start(response, rendered.status, body.length).flushHeaders();
  response.write(body.subarray(0, size ?? body.length >> 1), sent);
}

function drip(response: ServerResponse, rendered: Rendered, intervalMs: number): void {
  const body = Buffer.from(rendered.body);
  start(response, rendered.status, body.length).flushHeaders();
  let position = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(position, position + 1));
    position += 1;
    if (position < body.length) return;
    clearInterval(timer);
    response.end();
  }, intervalMs);
  response.once('close', () => clearInterval(timer));
}
