import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { scriptAnswer } from '../upstream-data.ts';

export interface Holder {
  readonly url: string;
  /** From now on requests get no answer. */
  hold(): void;
  /** Answers all requests that are held, and each that comes from now on. */
  release(): void;
  stop(): void;
}

/** The REST API with one script after another, which lets requests wait when told to. */
export async function startHolder(): Promise<Holder> {
  let isHolding = false;
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    const id = /^\/scripts\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '';
    if (isHolding) waiting.push(() => answer(response, id));
    else answer(response, id);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: () => {
      isHolding = true;
    },
    release() {
      isHolding = false;
      for (const one of waiting.splice(0)) one();
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(response: ServerResponse, id: string): void {
  const body = JSON.stringify(scriptAnswer(id));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
