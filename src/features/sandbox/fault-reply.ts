import type { ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { sendProxyPage } from './proxy-page.ts';
import { failure, type SandboxReply } from './reply.ts';
import type { Wait } from './wait.ts';

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
