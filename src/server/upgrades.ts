import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { responseOn, type Upgrade } from '../http/node.ts';
import type { Connections } from './connections.ts';

/** Each offer leaves listeners on the socket, and some clients offer another protocol with every request. */
const MAX_OFFERS = 5;

/**
 * Passes WebSockets on, each after the earlier requests on its connection are answered. Some clients, such as Java's, offer
 * HTTP/2 with each request without requiring it. Node emits `upgrade` for these requests too, so they are answered as if
 * they had not offered it.
 */
export function takeUpgrades(server: Server, connections: Connections, upgrade: Upgrade): void {
  const take: Upgrade = (request, socket, head) => {
    const connection = connections.on(request.socket);
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      if (connection) connection.isUpgraded = true;
      upgrade(request, socket, head);
      return;
    }
    if (!request.complete || request.readableLength > 0) {
      // Node 26 leaves the body with this request, so it must be the last request on the socket.
      server.emit('request', request, responseOn(request, socket));
      return;
    }
    if (connection) connection.offers += 1;
    const isLast = (connection?.offers ?? 0) >= MAX_OFFERS;
    socket.unshift(Buffer.concat([headWithoutUpgrade(request, isLast), head]));
    server.emit('connection', socket);
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const before = connections.on(request.socket)?.unanswered.at(-1);
    if (!before) {
      take(request, socket, head);
      return;
    }
    before.once('close', () => {
      if (socket.writable) take(request, socket, head);
      else socket.destroy();
    });
  });
}

/** `isLast`: the connection is closed after the answer. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage, isLast: boolean) {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    const kept = /^connection$/i.test(name) ? withoutUpgrade(value) : value;
    if (!/^(?:upgrade|http2-settings)$/i.test(name) && kept !== '') lines.push(`${name}: ${kept}`);
  }
  if (isLast) lines.push('connection: close');
  return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option)).join(', ');
}
