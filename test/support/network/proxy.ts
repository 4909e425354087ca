import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy before a server. It can be cut: then it takes connections and bytes, and passes nothing on. It can hold what
 * the server answers, until that is let through.
 */
export async function startProxy(target: string) {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  let held: (() => void)[] | undefined;
  let answers = 0;
  let onHeld: () => void = () => undefined;
  const letThrough = (pieces = Number.POSITIVE_INFINITY) => {
    for (const pass of held?.splice(0, pieces) ?? []) pass();
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (isCut) return;
        if (from === upstream) answers += 1;
        if (held && from === upstream) {
          held.push(() => to.write(bytes));
          onHeld();
        } else to.write(bytes);
      });
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
    /** The same, and closes what is open, which tells each end at once. */
    sever() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    /** Lets new connections pass. Cut connections stay cut. */
    mend() {
      isCut = false;
      for (const socket of sockets) socket.destroy();
    },
    /** Leads to another server from now on, and closes what is open. */
    turnTo(other: string) {
      ({ hostname, port } = new URL(other));
      for (const socket of sockets) socket.destroy();
    },
    hold() {
      held ??= [];
    },
    /** How many pieces of answers have come, held or not. */
    answers: () => answers,
    /** How many pieces of answers are held. */
    held: () => held?.length ?? 0,
    /** Waits until an answer is held. */
    whenHeld: () =>
      new Promise<void>((resolve) => {
        onHeld = resolve;
        if (held?.length) resolve();
      }),
    /** The oldest pieces, or all. */
    letThrough,
    /** Lets everything through from now on. */
    release() {
      letThrough();
      held = undefined;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
