import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy before a server. While it is cut, it takes connections and bytes, and passes nothing on. */
export async function startProxy(target: string) {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const closeSockets = () => {
    for (const socket of sockets) socket.destroy();
  };
  let isCut = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => isCut || to.write(bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${own}`,
    cut() {
      isCut = true;
    },
    /** Lets new connections pass, and closes the others. */
    mend() {
      isCut = false;
      closeSockets();
    },
    /** Leads to another server from now on, and closes what is open. */
    turnTo(other: string) {
      ({ hostname, port } = new URL(other));
      closeSockets();
    },
    async close() {
      closeSockets();
      server.close();
      await once(server, 'close');
    },
  };
}
