import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServerOptions {
  readonly listener: RequestListener;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface RunningServer {
  readonly url: string;
  /** Lets what is under way finish, for at most `graceMs`, and takes nothing new; resolves when all is closed. */
  drain(graceMs: number): Promise<void>;
}

// Above Node's 16 kB, so that an over-long key gets the field error that says what is wrong with it.
const MAX_HEADER_BYTES = 64 * 1024;

/** Listens. @throws the system's error when the address cannot be had. */
export async function startServer({ listener, host, port }: ServerOptions): Promise<RunningServer> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 65_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    drain: (graceMs) =>
      new Promise((resolve) => {
        // A keep-alive socket falls idle only after its last answer: look again until all are closed.
        const sweep = setInterval(() => server.closeIdleConnections(), 20);
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
