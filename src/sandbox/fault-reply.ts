import type { ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { failure, type SandboxReply } from './reply.ts';

/** An answer that is ready to be written. */
export interface Rendered {
  status: number;
  body: string;
}

const contentType = 'application/json; charset=utf-8';

/** Runs after `ms`, unless the connection closes first. */
export function waitBefore(response: ServerResponse, ms: number, run: () => void): void {
  if (ms <= 0) {
    run();
    return;
  }
  const timer = setTimeout(run, ms);
  response.once('close', () => clearTimeout(timer));
}

function start(response: ServerResponse, status: number, length: number): ServerResponse {
  return response.writeHead(status, { 'content-type': contentType, 'content-length': length });
}

/** The normal way to answer. */
export function send(response: ServerResponse, { status, body }: Rendered): void {
  start(response, status, Buffer.byteLength(body)).end(body);
}

/** Answers a request the way the fault says; `answer` handles the request, `render` writes an envelope. */
export function replyWithFault(
  response: ServerResponse,
  fault: Fault,
  answer: () => Rendered,
  render: (answer: SandboxReply) => Rendered,
): void {
  switch (fault.kind) {
    case 'failure': {
      const rendered = render(failure(fault.code, fault.message, fault.failed));
      send(response, { ...rendered, status: fault.status ?? rendered.status });
      return;
    }
    case 'raw':
      response.writeHead(fault.status ?? 200, fault.headers).end(fault.body);
      return;
    case 'reset':
      if (fault.handled) answer();
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      if (fault.handled) answer();
      return;
    case 'stall':
      sendPart(response, answer(), fault.bytes);
      return;
    case 'truncate':
      sendPart(response, answer(), fault.bytes, () => response.destroy());
      return;
    case 'drip':
      drip(response, answer(), fault.intervalMs);
      return;
    case 'delay':
      waitBefore(response, fault.ms, () => send(response, answer()));
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
