import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from '../network/listen.ts';

/** A request as it arrived at the REST side. */
export interface Recorded {
  /** Method and target as on the request line, such as `GET /scripts/abc`. */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Arrival in ms, only differences mean anything. */
  readonly at: number;
  readonly socket: Socket;
}

export type Respond = (recorded: Recorded, response: ServerResponse) => void | Promise<void>;

/** A bare HTTP server that plays the REST API: keeps what arrives and answers whatever the test says. */
export async function startRecorder(respond: Respond) {
  const calls: Recorded[] = [];
  const server = createServer((request, response) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const recorded = {
        line: `${request.method} ${request.url}`,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        at,
        socket: request.socket,
      };
      calls.push(recorded);
      void respond(recorded, response);
    });
  });
  return { ...(await listen(server)), calls, lines: () => calls.map(({ line }) => line) };
}

/** Answers JSON with 200, or the given status. */
export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
